#version 450
#extension GL_GOOGLE_include_directive : require
#include "globals.glsl"
#include "noise.glsl"
#include "sky.glsl"

layout(location = 0) in vec3 position;
layout(location = 1) in vec3 normal_in;
layout(location = 2) in vec3 world;

layout(location = 0) out vec4 colour;

// Grain of one wavelength, gone where a pixel is too large to show it.
float grain(float wavelength, float pixel_m)
{
    float shown = clamp(1.6 - 2.0 * pixel_m / wavelength, 0.0, 1.0);
    // Each wavelength is turned by another angle, so that no lattice shows.
    vec2 turn = vec2(cos(wavelength * 5.0), sin(wavelength * 5.0));
    vec2 at = vec2(world.x * turn.x - world.z * turn.y, world.x * turn.y + world.z * turn.x);
    return shown > 0.0 ? (noise(at / wavelength) - 0.5) * shown : 0.0;
}

void main()
{
    float far = length(position);
    vec3 normal = normalize(normal_in);
    float pixel_m = far * g.up.w * 2.0 * g.exposure.w / max(0.25, abs(dot(normal, position / far)));
    float broad = noise(world.xz * (1.0 / 64.0)) - 0.5;
    float patches = grain(16.0, pixel_m);
    float clumps = grain(3.1, pixel_m);
    float tufts = grain(0.8, pixel_m);
    float blades = grain(0.16, pixel_m);
    float specks = grain(0.045, pixel_m);
    float fine = 0.6 * tufts + 0.7 * blades + 0.6 * specks;
    float steep = 1.0 - normal.y;

    vec3 grass = mix(vec3(0.036, 0.085, 0.016), vec3(0.094, 0.118, 0.030),
                     clamp(0.40 + 0.8 * broad + 0.5 * patches + 0.5 * clumps, 0.0, 1.0));
    grass *= 1.0 + 0.9 * fine;
    vec3 earth = vec3(0.125, 0.086, 0.050) * (1.0 + fine);
    vec3 sand = vec3(0.360, 0.280, 0.165) * (1.0 + 0.4 * fine);
    vec3 rock = mix(vec3(0.120, 0.113, 0.106), vec3(0.215, 0.196, 0.172), 0.5 + patches)
              * (1.0 + 0.9 * clumps + fine);
    vec3 snow = vec3(0.720, 0.760, 0.820) * (1.0 + 0.12 * fine);

    float height = world.y + 26.0 * broad + 10.0 * patches;
    vec3 ground = mix(sand, grass, smoothstep(92.0, 108.0, height));
    ground = mix(ground, earth, smoothstep(0.66, 0.84, 0.5 + patches + 0.6 * clumps + 0.3 * tufts) * 0.75
                                + 0.4 * smoothstep(0.05, 0.16, steep));
    ground = mix(ground, rock, max(smoothstep(0.13, 0.27, steep + 0.10 * patches + 0.05 * tufts),
                                   0.65 * smoothstep(270.0, 350.0, height)));
    ground = mix(ground, snow, smoothstep(350.0, 390.0, height) * (1.0 - smoothstep(0.22, 0.38, steep)));

    // The grain bends the light a little too, near by.
    normal = normalize(normal + vec3(0.06 * tufts + 0.12 * blades, 0.0, 0.05 * clumps - 0.12 * specks)
                                * (1.0 - smoothstep(8.0, 60.0, far)) * smoothstep(0.02, 0.35, g.light_direction.y));
    colour = vec4(with_fog(lit(ground, normal), position), 1.0);
}
