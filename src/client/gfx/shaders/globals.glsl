// What every shader knows of the frame: struct scene_globals of scene.h, member by member.
layout(set = 0, binding = 0, std140) uniform Globals {
    mat4 view_projection;
    vec4 right;           // w: tangent of half the field of view, x
    vec4 up;              // w: the same, y
    vec4 forward;         // w: view_m
    vec4 sun_direction;   // w: how bright the disc is
    vec4 light_direction;
    vec4 light_colour;    // w: how visible the stars are
    vec4 ambient_up;
    vec4 ambient_down;
    vec4 zenith;
    vec4 horizon;
    vec4 glow;            // w: exponent
    vec4 exposure;        // x: factor; y: hour; z, w: 1 / size of the picture
    ivec4 eye;            // 1/4096 m; w: 1 where edges are to be smoothed
} g;
