#version 450
#extension GL_GOOGLE_include_directive : require
#include "globals.glsl"

// From linear light to what a screen shows; the target's sRGB format does the rest.
layout(set = 1, binding = 0) uniform sampler2D hdr;
layout(location = 0) in vec3 ray;
layout(location = 0) out vec4 colour;

// The filmic curve of ACES, as fitted by Stephen Hill.
vec3 filmic(vec3 c)
{
    const mat3 into = mat3(0.59719, 0.07600, 0.02840, 0.35458, 0.90834, 0.13383, 0.04823, 0.01566, 0.83777);
    const mat3 back = mat3(1.60475, -0.10208, -0.00327, -0.53108, 1.10813, -0.07276, -0.07367, -0.00605, 1.07602);
    c = into * c;
    c = (c * (c + 0.0245786) - 0.000090537) / (c * (0.983729 * c + 0.4329510) + 0.238081);
    return clamp(back * c, 0.0, 1.0);
}

void main()
{
    vec3 light = texelFetch(hdr, ivec2(gl_FragCoord.xy), 0).rgb * g.exposure.x * 1.6;
    // Half a step of noise, so that the sky shows no bands.
    float dither = fract(52.9829189 * fract(dot(gl_FragCoord.xy, vec2(0.06711056, 0.00583715)))) - 0.5;
    vec3 shown = filmic(light);
    colour = vec4(shown + dither * (1.0 / 255.0) * (0.15 + 1.6 * sqrt(shown)), 1.0);
}
