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
    return shown > 0.0 ? (noise(world.xz / wavelength) - 0.5) * shown : 0.0;
}

void main()
{
    float far = length(position);
    vec3 normal = normalize(normal_in);
    float pixel_m = far * g.up.w * 2.0 * g.exposure.w / max(0.25, abs(dot(normal, position / far)));
    float broad = noise(world.xz * (1.0 / 64.0)) - 0.5;
    float patches = grain(16.0, pixel_m);
    float tufts = grain(1.0, pixel_m);
    float blades = grain(0.125, pixel_m);
    float steep = 1.0 - normal.y;

    vec3 grass = mix(vec3(0.070, 0.130, 0.024), vec3(0.150, 0.165, 0.045),
                     clamp(0.45 + 0.9 * broad + 0.7 * patches, 0.0, 1.0));
    grass *= 1.0 + 0.35 * tufts + 0.45 * blades;
    vec3 earth = vec3(0.155, 0.105, 0.062) * (1.0 + 0.5 * tufts + 0.5 * blades);
    vec3 sand = vec3(0.400, 0.315, 0.190) * (1.0 + 0.15 * tufts + 0.25 * blades);
    vec3 rock = mix(vec3(0.150, 0.140, 0.130), vec3(0.250, 0.225, 0.195), 0.5 + patches)
              * (1.0 + 0.7 * tufts + 0.4 * blades);
    vec3 snow = vec3(0.780, 0.820, 0.880) * (1.0 + 0.06 * tufts);

    float height = world.y + 26.0 * broad + 10.0 * patches;
    vec3 ground = mix(sand, grass, smoothstep(92.0, 108.0, height));
    ground = mix(ground, earth, smoothstep(0.42, 0.60, 0.5 + patches + 0.5 * tufts) * 0.55
                                + 0.4 * smoothstep(0.05, 0.16, steep));
    ground = mix(ground, rock, max(smoothstep(0.13, 0.27, steep + 0.10 * patches + 0.05 * tufts),
                                   0.65 * smoothstep(270.0, 350.0, height)));
    ground = mix(ground, snow, smoothstep(350.0, 390.0, height) * (1.0 - smoothstep(0.22, 0.38, steep)));

    // The grain bends the light a little too, near by.
    normal = normalize(normal + vec3(0.30 * tufts + 0.25 * blades, 0.0, 0.30 * patches - 0.25 * blades)
                                * (1.0 - smoothstep(8.0, 60.0, far)));
    colour = vec4(with_fog(lit(ground, normal), position), 1.0);
}
