#include "ui/imgui_shim.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include <deque>
#include <vector>

#include <imgui/imgui.h>

static_assert(sizeof(ImDrawVert) == sizeof(struct gfx_ui_vertex),
              "gfx draws ImGui's vertices as they are");
static_assert(sizeof(ImDrawIdx) == sizeof(uint16_t), "gfx takes 16-bit indices");

struct imgui {
    ImGuiContext *context;
    ImFont *body, *heading;
    float scale;
    uint32_t texture;
    struct imgui_config config;
    /* Events wait here and are told in order: Dear ImGui 1.86 sees all of a frame at once,
     * characters before keys, so what must not be seen together goes into frames of its own. */
    std::deque<input_event> waiting;
    unsigned hold_frames; /* the focus is moving: text waits */
    unsigned text_waited; /* frames that text has waited for a field to take it */
    std::vector<gfx_ui_vertex> vertices;
    std::vector<uint16_t> indices;
    std::vector<gfx_ui_command> commands;
    struct gfx_ui out;
};

#define WAITING_MAX 1024 /* events; a person does not get there */

#define TEXT_WAITS_FRAMES 8 /* then nobody wants it */

static struct imgui *current; /* Dear ImGui has one current context; the widgets work on it */

static const ImVec4 TEXT = ImVec4(0.92f, 0.94f, 0.96f, 1.00f);
static const ImVec4 DIM = ImVec4(0.60f, 0.66f, 0.72f, 1.00f);
static const ImVec4 WARN = ImVec4(1.00f, 0.62f, 0.45f, 1.00f);
static const ImVec4 ACCENT = ImVec4(0.24f, 0.56f, 0.86f, 1.00f);
static const ImVec4 ACCENT_HOVER = ImVec4(0.32f, 0.65f, 0.95f, 1.00f);
static const ImVec4 ACCENT_DOWN = ImVec4(0.18f, 0.46f, 0.74f, 1.00f);
static const ImVec4 FLAT = ImVec4(1.00f, 1.00f, 1.00f, 0.08f);
static const ImVec4 FLAT_HOVER = ImVec4(1.00f, 1.00f, 1.00f, 0.15f);
static const ImVec4 FLAT_DOWN = ImVec4(1.00f, 1.00f, 1.00f, 0.05f);

static void set_style(float scale)
{
    ImGuiStyle &style = ImGui::GetStyle();
    ImGui::StyleColorsDark(&style);
    style.WindowRounding = 14;
    style.FrameRounding = 8;
    style.GrabRounding = 8;
    style.PopupRounding = 8;
    style.WindowPadding = ImVec2(28, 24);
    style.FramePadding = ImVec2(14, 10);
    style.ItemSpacing = ImVec2(10, 8);
    style.WindowBorderSize = 1;
    style.FrameBorderSize = 1;
    style.DisabledAlpha = 0.45f;
    ImVec4 *c = style.Colors;
    c[ImGuiCol_Text] = TEXT;
    c[ImGuiCol_TextDisabled] = DIM;
    c[ImGuiCol_WindowBg] = ImVec4(0.055f, 0.075f, 0.105f, 0.86f);
    c[ImGuiCol_Border] = ImVec4(1, 1, 1, 0.10f);
    c[ImGuiCol_FrameBg] = ImVec4(0.00f, 0.00f, 0.00f, 0.38f);
    c[ImGuiCol_FrameBgHovered] = ImVec4(0.10f, 0.14f, 0.20f, 0.60f);
    c[ImGuiCol_FrameBgActive] = ImVec4(0.10f, 0.16f, 0.24f, 0.75f);
    c[ImGuiCol_TextSelectedBg] = ImVec4(0.24f, 0.56f, 0.86f, 0.45f);
    c[ImGuiCol_NavHighlight] = ACCENT;
    c[ImGuiCol_Separator] = ImVec4(1, 1, 1, 0.12f);
    c[ImGuiCol_Button] = FLAT;
    c[ImGuiCol_ButtonHovered] = FLAT_HOVER;
    c[ImGuiCol_ButtonActive] = FLAT_DOWN;
    style.ScaleAllSizes(scale);
    style.WindowBorderSize = style.FrameBorderSize = 1;
}

static void map_keys(ImGuiIO &io)
{
    static const struct {
        ImGuiKey_ theirs;
        enum input_key ours;
    } keys[] = {
        {ImGuiKey_Tab, INPUT_KEY_TAB},
        {ImGuiKey_LeftArrow, INPUT_KEY_LEFT},
        {ImGuiKey_RightArrow, INPUT_KEY_RIGHT},
        {ImGuiKey_UpArrow, INPUT_KEY_UP},
        {ImGuiKey_DownArrow, INPUT_KEY_DOWN},
        {ImGuiKey_PageUp, INPUT_KEY_PAGE_UP},
        {ImGuiKey_PageDown, INPUT_KEY_PAGE_DOWN},
        {ImGuiKey_Home, INPUT_KEY_HOME},
        {ImGuiKey_End, INPUT_KEY_END},
        {ImGuiKey_Insert, INPUT_KEY_INSERT},
        {ImGuiKey_Delete, INPUT_KEY_DELETE},
        {ImGuiKey_Backspace, INPUT_KEY_BACKSPACE},
        {ImGuiKey_Space, INPUT_KEY_SPACE},
        {ImGuiKey_Enter, INPUT_KEY_ENTER},
        {ImGuiKey_Escape, INPUT_KEY_ESCAPE},
        {ImGuiKey_A, INPUT_KEY_A},
        {ImGuiKey_C, INPUT_KEY_C},
        {ImGuiKey_V, INPUT_KEY_V},
        {ImGuiKey_X, INPUT_KEY_X},
        {ImGuiKey_Y, INPUT_KEY_Y},
        {ImGuiKey_Z, INPUT_KEY_Z},
    };
    for (const auto &key : keys)
        io.KeyMap[key.theirs] = key.ours;
}

static const char *clipboard_get(void *context)
{
    struct imgui *imgui = (struct imgui *)context;
    return imgui->config.clipboard_get
               ? imgui->config.clipboard_get(imgui->config.clipboard_context)
               : "";
}

static void clipboard_set(void *context, const char *text)
{
    struct imgui *imgui = (struct imgui *)context;
    if (imgui->config.clipboard_set)
        imgui->config.clipboard_set(imgui->config.clipboard_context, text);
}

static ImFont *add_font(ImGuiIO &io, const char *path, float pixels)
{
    /* Latin with its extensions, Greek, Cyrillic, punctuation, arrows and signs. */
    static const ImWchar ranges[] = {0x0020, 0x024F, 0x0370, 0x052F, 0x1E00, 0x1EFF, 0x2010,
                                     0x205E, 0x20A0, 0x20BF, 0x2190, 0x2193, 0};
    if (path)
        return io.Fonts->AddFontFromFileTTF(path, pixels, nullptr, ranges);
    ImFontConfig config;
    config.SizePixels = pixels;
    return io.Fonts->AddFontDefault(&config);
}

extern "C" struct imgui *imgui_new(const struct imgui_config *config, struct error *error)
{
    struct imgui *imgui = new struct imgui();
    imgui->config = *config;
    imgui->scale = config->scale > 0 ? config->scale : 1;
    imgui->context = ImGui::CreateContext();
    ImGui::SetCurrentContext(imgui->context);
    current = imgui;
    ImGuiIO &io = ImGui::GetIO();
    io.IniFilename = nullptr;
    io.LogFilename = nullptr;
    io.ConfigFlags |= ImGuiConfigFlags_NavEnableKeyboard;
    io.BackendFlags |= ImGuiBackendFlags_RendererHasVtxOffset;
    io.GetClipboardTextFn = clipboard_get;
    io.SetClipboardTextFn = clipboard_set;
    io.ClipboardUserData = imgui;
    map_keys(io);
    set_style(imgui->scale);
    imgui->body = add_font(io, config->font_path, 17 * imgui->scale);
    imgui->heading = add_font(
        io, config->bold_font_path ? config->bold_font_path : config->font_path, 30 * imgui->scale);
    if (!imgui->body || !imgui->heading || !io.Fonts->Build()) {
        error_set(error, "the font %s cannot be used",
                  config->font_path ? config->font_path : "(built in)");
        imgui_free(imgui);
        return nullptr;
    }
    return imgui;
}

extern "C" void imgui_free(struct imgui *imgui)
{
    if (!imgui)
        return;
    ImGui::DestroyContext(imgui->context);
    current = nullptr;
    delete imgui;
}

extern "C" const uint8_t *imgui_atlas(struct imgui *, uint32_t *width, uint32_t *height)
{
    unsigned char *pixels;
    int w, h;
    ImGui::GetIO().Fonts->GetTexDataAsAlpha8(&pixels, &w, &h);
    *width = (uint32_t)w;
    *height = (uint32_t)h;
    return pixels;
}

extern "C" void imgui_set_texture(struct imgui *imgui, uint32_t texture)
{
    imgui->texture = texture;
    ImGui::GetIO().Fonts->SetTexID((ImTextureID)(uintptr_t)texture);
}

/* Keys that edit or move the focus, and so must keep their place among the characters. */
static bool in_order(const struct input_event *event)
{
    if (event->key >= INPUT_KEY_C && event->key <= INPUT_KEY_Z)
        return event->mods & INPUT_MOD_CONTROL;
    if (event->key == INPUT_KEY_A)
        return event->mods & INPUT_MOD_CONTROL;
    return event->key >= INPUT_KEY_ESCAPE && event->key <= INPUT_KEY_END;
}

struct told { /* in this frame */
    bool text, key[INPUT_KEYS_N], button[INPUT_BUTTONS_N];
};

static void tell_key(ImGuiIO &io, const struct input_event *event)
{
    io.KeyShift = event->mods & INPUT_MOD_SHIFT;
    io.KeyCtrl = event->mods & INPUT_MOD_CONTROL;
    io.KeyAlt = event->mods & INPUT_MOD_ALT;
    io.KeysDown[event->key] = event->down;
}

/* Tell one event. false: it has to wait for the next frame. */
static bool tell(struct imgui *imgui, const struct input_event *event, struct told *told,
                 bool *last)
{
    ImGuiIO &io = ImGui::GetIO();
    switch (event->kind) {
    case INPUT_KEY:
        if ((event->down && told->text && in_order(event)) ||
            (!event->down && told->key[event->key]))
            return false;
        tell_key(io, event);
        told->key[event->key] = event->down;
        *last = event->down && in_order(event);
        if (*last && (event->key == INPUT_KEY_TAB || event->key == INPUT_KEY_ENTER))
            imgui->hold_frames = 3;
        return true;
    case INPUT_TEXT:
        /* A field that was just opened gets the keyboard a frame or two later. */
        if (!io.WantTextInput && imgui->text_waited < TEXT_WAITS_FRAMES) {
            imgui->text_waited++;
            return false;
        }
        imgui->text_waited = 0;
        io.AddInputCharacter(event->codepoint);
        told->text = true;
        return true;
    case INPUT_POINTER:
        io.MousePos = ImVec2(event->x, event->y);
        return true;
    case INPUT_BUTTON:
        if (told->text || (!event->down && told->button[event->button]))
            return false;
        io.MouseDown[event->button] = event->down;
        told->button[event->button] = event->down;
        *last = true;
        return true;
    case INPUT_WHEEL:
        io.MouseWheel += event->dy;
        return true;
    case INPUT_FOCUS:
        io.AddFocusEvent(event->down);
        if (!event->down)
            memset(io.KeysDown, 0, sizeof(io.KeysDown));
        return true;
    }
    return true;
}

static void tell_waiting(struct imgui *imgui)
{
    struct told told = {};
    bool last = false;
    if (imgui->hold_frames > 0)
        imgui->hold_frames--;
    while (!imgui->waiting.empty() && !last) {
        struct input_event event = imgui->waiting.front();
        bool release = event.kind == INPUT_KEY && !event.down;
        if (imgui->hold_frames > 0 && !release)
            return;
        if (!tell(imgui, &event, &told, &last))
            return;
        imgui->waiting.pop_front();
    }
}

extern "C" void imgui_event(struct imgui *imgui, const struct input_event *event)
{
    /* Dear ImGui repeats held keys itself. */
    if (!(event->kind == INPUT_KEY && event->repeat) && imgui->waiting.size() < WAITING_MAX)
        imgui->waiting.push_back(*event);
}

extern "C" bool imgui_wants_keyboard(const struct imgui *)
{
    return ImGui::GetIO().WantTextInput;
}

extern "C" void imgui_begin(struct imgui *imgui, float width, float height, float frame_s)
{
    ImGuiIO &io = ImGui::GetIO();
    tell_waiting(imgui);
    io.DisplaySize = ImVec2(width, height);
    io.DeltaTime = frame_s > 0.0001f ? frame_s : 0.0001f;
    ImGui::NewFrame();
}

static void add_list(struct imgui *imgui, const ImDrawList *list)
{
    uint32_t vertex_base = (uint32_t)imgui->vertices.size(),
             index_base = (uint32_t)imgui->indices.size();
    const struct gfx_ui_vertex *vertices = (const struct gfx_ui_vertex *)list->VtxBuffer.Data;
    imgui->vertices.insert(imgui->vertices.end(), vertices, vertices + list->VtxBuffer.Size);
    imgui->indices.insert(imgui->indices.end(), list->IdxBuffer.Data,
                          list->IdxBuffer.Data + list->IdxBuffer.Size);
    for (const ImDrawCmd &command : list->CmdBuffer) {
        if (command.UserCallback || command.ElemCount == 0)
            continue;
        struct gfx_ui_command out = {};
        memcpy(out.clip, &command.ClipRect, sizeof(out.clip));
        out.texture = (uint32_t)(uintptr_t)command.GetTexID();
        out.index_first = index_base + command.IdxOffset;
        out.index_n = command.ElemCount;
        out.vertex_offset = vertex_base + command.VtxOffset;
        imgui->commands.push_back(out);
    }
}

extern "C" const struct gfx_ui *imgui_end(struct imgui *imgui)
{
    ImGui::Render();
    const ImDrawData *data = ImGui::GetDrawData();
    imgui->vertices.clear();
    imgui->indices.clear();
    imgui->commands.clear();
    for (int i = 0; i < data->CmdListsCount; i++)
        add_list(imgui, data->CmdLists[i]);
    imgui->out.vertices = imgui->vertices.data();
    imgui->out.vertices_n = (uint32_t)imgui->vertices.size();
    imgui->out.indices = imgui->indices.data();
    imgui->out.indices_n = (uint32_t)imgui->indices.size();
    imgui->out.commands = imgui->commands.data();
    imgui->out.commands_n = (uint32_t)imgui->commands.size();
    return &imgui->out;
}

extern "C" void imgui_panel_begin(const char *id, float x, float y, float width)
{
    ImVec2 size = ImGui::GetIO().DisplaySize;
    if (x >= 0)
        ImGui::SetNextWindowPos(ImVec2(x, y));
    else
        ImGui::SetNextWindowPos(ImVec2(size.x / 2, size.y / 2), 0, ImVec2(0.5f, 0.5f));
    float most = size.x - 16;
    width *= current->scale;
    ImGui::SetNextWindowSize(ImVec2(width < most ? width : most, 0));
    ImGui::Begin(id, nullptr,
                 ImGuiWindowFlags_NoDecoration | ImGuiWindowFlags_NoMove |
                     ImGuiWindowFlags_NoSavedSettings | ImGuiWindowFlags_AlwaysAutoResize);
}

extern "C" void imgui_bar_begin(const char *id, float x, float y, float width)
{
    ImGui::PushStyleVar(ImGuiStyleVar_WindowPadding,
                        ImVec2(10 * current->scale, 10 * current->scale));
    imgui_panel_begin(id, x, y, width);
    ImGui::PopStyleVar();
}

extern "C" void imgui_panel_end(void)
{
    ImGui::End();
}

extern "C" void imgui_veil(float alpha)
{
    ImGui::GetBackgroundDrawList()->AddRectFilled(
        ImVec2(0, 0), ImGui::GetIO().DisplaySize,
        ImGui::GetColorU32(ImVec4(0.02f, 0.035f, 0.06f, alpha)));
}

static void centre(const char *text)
{
    float width = ImGui::CalcTextSize(text).x, room = ImGui::GetContentRegionAvail().x;
    if (width < room)
        ImGui::SetCursorPosX(ImGui::GetCursorPosX() + floorf((room - width) / 2));
}

extern "C" void imgui_heading(const char *text)
{
    ImGui::PushFont(current->heading);
    centre(text);
    ImGui::TextUnformatted(text);
    ImGui::PopFont();
}

extern "C" void imgui_text(const char *text)
{
    ImGui::PushTextWrapPos(0);
    ImGui::TextUnformatted(text);
    ImGui::PopTextWrapPos();
}

static void coloured(const char *text, const ImVec4 &colour)
{
    ImGui::PushStyleColor(ImGuiCol_Text, colour);
    imgui_text(text);
    ImGui::PopStyleColor();
}

extern "C" void imgui_text_dim(const char *text)
{
    coloured(text, DIM);
}

extern "C" void imgui_text_warn(const char *text)
{
    coloured(text, WARN);
}

extern "C" void imgui_text_centred(const char *text)
{
    if (ImGui::CalcTextSize(text).x < ImGui::GetContentRegionAvail().x)
        centre(text);
    coloured(text, DIM);
}

extern "C" void imgui_space(float pixels)
{
    ImGui::Dummy(ImVec2(1, pixels * current->scale));
}

extern "C" void imgui_rule(void)
{
    ImGui::Separator();
}

extern "C" void imgui_spinner(float seconds)
{
    const float radius = 18 * current->scale, turn = seconds * 5;
    ImVec2 at = ImGui::GetCursorScreenPos();
    ImVec2 middle(at.x + ImGui::GetContentRegionAvail().x / 2, at.y + radius);
    ImDrawList *list = ImGui::GetWindowDrawList();
    list->PathArcTo(middle, radius - 3, 0, 6.2831853f, 48);
    list->PathStroke(ImGui::GetColorU32(FLAT), ImDrawFlags_None, 4 * current->scale);
    list->PathArcTo(middle, radius - 3, turn, turn + 1.7f, 24);
    list->PathStroke(ImGui::GetColorU32(ACCENT_HOVER), ImDrawFlags_None, 4 * current->scale);
    ImGui::Dummy(ImVec2(1, 2 * radius));
}

extern "C" bool imgui_field(const char *label, char *text, size_t text_bytes, unsigned flags)
{
    coloured(label, DIM);
    ImGui::PushID(label);
    ImGui::SetNextItemWidth(-1);
    if (flags & IMGUI_FIELD_FOCUS)
        ImGui::SetKeyboardFocusHere();
    ImGuiInputTextFlags theirs =
        ImGuiInputTextFlags_EnterReturnsTrue | ImGuiInputTextFlags_AutoSelectAll;
    if (flags & IMGUI_FIELD_PASSWORD)
        theirs |= ImGuiInputTextFlags_Password;
    bool entered = ImGui::InputText("##field", text, text_bytes, theirs);
    ImGui::PopID();
    return entered;
}

struct recall {
    imgui_recall_fn *function;
    void *context;
};

static int on_history(ImGuiInputTextCallbackData *data)
{
    const struct recall *recall = (const struct recall *)data->UserData;
    char text[1024];
    int step = data->EventKey == ImGuiKey_UpArrow ? -1 : 1;
    if (recall->function && recall->function(recall->context, step, text, sizeof(text))) {
        data->DeleteChars(0, data->BufTextLen);
        data->InsertChars(0, text);
    }
    return 0;
}

extern "C" bool imgui_line(const char *hint, char *text, size_t text_bytes, bool focus,
                           imgui_recall_fn *function, void *context)
{
    struct recall recall = {function, context};
    if (focus)
        ImGui::SetKeyboardFocusHere();
    ImGui::SetNextItemWidth(-1);
    return ImGui::InputTextWithHint("##line", hint, text, text_bytes,
                                    ImGuiInputTextFlags_EnterReturnsTrue |
                                        ImGuiInputTextFlags_CallbackHistory,
                                    on_history, &recall);
}

extern "C" bool imgui_button(const char *label, float share, bool strong, bool beside)
{
    ImGuiStyle &style = ImGui::GetStyle();
    if (beside)
        ImGui::SameLine();
    float all = ImGui::GetWindowWidth() - 2 * style.WindowPadding.x;
    float width = share >= 1 ? all : (all - style.ItemSpacing.x * (1 / share - 1)) * share;
    if (strong) {
        ImGui::PushStyleColor(ImGuiCol_Button, ACCENT);
        ImGui::PushStyleColor(ImGuiCol_ButtonHovered, ACCENT_HOVER);
        ImGui::PushStyleColor(ImGuiCol_ButtonActive, ACCENT_DOWN);
    }
    bool pressed = ImGui::Button(label, ImVec2(floorf(width), 0));
    if (strong)
        ImGui::PopStyleColor(3);
    return pressed;
}

extern "C" void imgui_tabs(const char *const *labels, unsigned labels_n, unsigned *chosen)
{
    for (unsigned i = 0; i < labels_n; i++) {
        bool on = *chosen == i;
        ImGui::PushStyleColor(ImGuiCol_Button, on ? FLAT_HOVER : ImVec4(0, 0, 0, 0));
        ImGui::PushStyleColor(ImGuiCol_Text, on ? TEXT : DIM);
        if (imgui_button(labels[i], 1.0f / (float)labels_n, false, i > 0))
            *chosen = i;
        ImGui::PopStyleColor(2);
    }
}
