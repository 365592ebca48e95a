#version 450
#extension GL_GOOGLE_include_directive : require
#include "globals.glsl"
#include "noise.glsl"
#include "sky.glsl"

layout(location = 0) in vec3 ray;
layout(location = 0) out vec4 colour;

// One star in some of the cells of a grid on the dome.
float stars(vec3 direction)
{
    vec2 at = direction.xz / (1.0 + direction.y) * 90.0;
    ivec2 cell = ivec2(floor(at)) + 2048;
    float chance = noise_at(cell);
    vec2 where = vec2(noise_at(cell + ivec2(71, 13)), noise_at(cell + ivec2(17, 131))) * 0.6 + 0.2;
    float size = 0.05 + 0.07 * noise_at(cell + ivec2(5, 53));
    return chance > 0.86 ? smoothstep(size, size * 0.3, distance(fract(at), where)) : 0.0;
}

void main()
{
    vec3 direction = normalize(ray);
    vec3 sky = sky_colour(direction);
    if (direction.y > 0.0) {
        float towards = dot(direction, g.sun_direction.xyz);
        float disc = smoothstep(0.99955, 0.99978, towards);
        float moon = smoothstep(0.99935, 0.99955, -towards);
        if (g.light_colour.w > 0.0)
            sky += g.light_colour.w * (vec3(0.10, 0.11, 0.13) * stars(direction) * smoothstep(0.0, 0.2, direction.y)
                                       + vec3(0.30, 0.31, 0.32) * moon
                                       + vec3(0.012, 0.014, 0.020) * pow(max(-towards, 0.0), 60.0));
        sky += g.light_colour.rgb * disc * 6.0 * g.sun_direction.w;
        sky = with_clouds(sky, direction);
    }
    colour = vec4(sky, 1.0);
}
