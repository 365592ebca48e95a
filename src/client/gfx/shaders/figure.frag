#version 450
#extension GL_GOOGLE_include_directive : require
#include "globals.glsl"
#include "noise.glsl"
#include "sky.glsl"

layout(location = 0) in vec3 position;
layout(location = 1) in vec3 normal_in;
layout(location = 2) flat in uvec2 part_and_looks;
layout(location = 3) flat in uint id;
layout(location = 4) in float height;

layout(location = 0) out vec4 colour;

// enum figure_part
const uint SKIN = 0u, HAIR = 1u, SHIRT = 2u, TROUSERS = 3u, SHOES = 4u, EYES = 5u, BELT = 6u;

const vec3 SKINS[4] = vec3[](vec3(0.56, 0.34, 0.24), vec3(0.42, 0.23, 0.14), vec3(0.22, 0.11, 0.06), vec3(0.64, 0.43, 0.32));
const vec3 HAIRS[8] = vec3[](vec3(0.020, 0.015, 0.012), vec3(0.075, 0.038, 0.018), vec3(0.16, 0.080, 0.032), vec3(0.40, 0.27, 0.10),
                             vec3(0.30, 0.075, 0.025), vec3(0.36, 0.35, 0.33), vec3(0.045, 0.028, 0.02), vec3(0.52, 0.40, 0.22));
const vec3 SHIRTS[16] = vec3[](vec3(0.48, 0.045, 0.040), vec3(0.05, 0.16, 0.44), vec3(0.06, 0.28, 0.12), vec3(0.62, 0.40, 0.05),
                               vec3(0.30, 0.06, 0.32), vec3(0.62, 0.58, 0.50), vec3(0.02, 0.24, 0.28), vec3(0.55, 0.18, 0.04),
                               vec3(0.10, 0.10, 0.13), vec3(0.58, 0.22, 0.24), vec3(0.20, 0.32, 0.52), vec3(0.34, 0.38, 0.10),
                               vec3(0.44, 0.30, 0.18), vec3(0.02, 0.07, 0.20), vec3(0.66, 0.52, 0.22), vec3(0.24, 0.02, 0.05));
const vec3 TROUSERSES[8] = vec3[](vec3(0.035, 0.050, 0.10), vec3(0.11, 0.075, 0.045), vec3(0.045, 0.045, 0.050), vec3(0.20, 0.17, 0.12),
                                  vec3(0.06, 0.075, 0.035), vec3(0.10, 0.12, 0.17), vec3(0.15, 0.06, 0.05), vec3(0.24, 0.24, 0.25));

vec3 albedo_of(uint part, uint looks)
{
    if (part == SKIN)
        return SKINS[looks & 3u];
    if (part == HAIR)
        return HAIRS[looks >> 2 & 7u];
    if (part == SHIRT)
        return SHIRTS[looks >> 5 & 15u];
    if (part == TROUSERS)
        return TROUSERSES[looks >> 9 & 7u];
    if (part == SHOES)
        return vec3(0.045, 0.030, 0.022);
    return part == EYES ? vec3(0.012) : vec3(0.09, 0.05, 0.025);
}

void main()
{
    vec3 normal = normalize(normal_in);
    vec3 albedo = albedo_of(part_and_looks.x, part_and_looks.y);
    vec3 light = lit(albedo, normal);
    // Less sky reaches what is near the ground; a rim of it shows at grazing angles.
    light *= mix(0.62, 1.0, smoothstep(-0.1, 0.9, height));
    float rim = pow(1.0 - max(dot(normal, -normalize(position)), 0.0), 3.0);
    light += g.ambient_up.rgb * 0.14 * rim * max(normal.y + 0.4, 0.0);
    colour = vec4(with_fog(light, position), 1.0);
}
