#version 450
#extension GL_GOOGLE_include_directive : require
#include "globals.glsl"

// From linear light to what a screen shows, with edges smoothed on the way; the target's sRGB format does the rest.
layout(set = 1, binding = 0) uniform sampler2D hdr;
layout(location = 0) in vec3 ray;
layout(location = 0) out vec4 colour;

// The filmic curve of ACES, as fitted by Stephen Hill.
vec3 filmic(vec3 c)
{
    const mat3 into = mat3(0.59719, 0.07600, 0.02840, 0.35458, 0.90834, 0.13383, 0.04823, 0.01566, 0.83777);
    const mat3 back = mat3(1.60475, -0.10208, -0.00327, -0.53108, 1.10813, -0.07276, -0.07367, -0.00605, 1.07602);
    c = into * (c * g.exposure.x * 1.6);
    c = (c * (c + 0.0245786) - 0.000090537) / (c * (0.983729 * c + 0.4329510) + 0.238081);
    return clamp(back * c, 0.0, 1.0);
}

// How bright a pixel will look, roughly.
float brightness(vec3 c)
{
    float light = dot(c, vec3(0.25, 0.6, 0.15)) * g.exposure.x * 2.0;
    return sqrt(light / (light + 1.0));
}

float brightness_at(ivec2 at)
{
    return brightness(texelFetch(hdr, clamp(at, ivec2(0), textureSize(hdr, 0) - 1), 0).rgb);
}

vec3 shown_at(vec2 pixel)
{
    return filmic(textureLod(hdr, pixel * g.exposure.zw, 0.0).rgb);
}

// Where brightness jumps, mix along the edge (after Timothy Lottes' FXAA, its short form).
vec3 smoothed(vec3 middle)
{
    ivec2 at = ivec2(gl_FragCoord.xy);
    float m = brightness(middle);
    float nw = brightness_at(at + ivec2(-1, -1)), ne = brightness_at(at + ivec2(1, -1));
    float sw = brightness_at(at + ivec2(-1, 1)), se = brightness_at(at + ivec2(1, 1));
    float low = min(m, min(min(nw, ne), min(sw, se))), high = max(m, max(max(nw, ne), max(sw, se)));
    if (high - low < max(0.04, high * 0.10))
        return filmic(middle);
    vec2 along = vec2((sw + se) - (nw + ne), (nw + sw) - (ne + se));
    float least = min(abs(along.x), abs(along.y)) + max((nw + ne + sw + se) * 0.03125, 0.0078125);
    along = clamp(along / least, -6.0, 6.0);
    vec3 inner = 0.5 * (shown_at(gl_FragCoord.xy - along / 6.0) + shown_at(gl_FragCoord.xy + along / 6.0));
    vec3 outer = 0.5 * inner + 0.25 * (shown_at(gl_FragCoord.xy - along * 0.5) + shown_at(gl_FragCoord.xy + along * 0.5));
    return outer;
}

void main()
{
    vec3 light = texelFetch(hdr, ivec2(gl_FragCoord.xy), 0).rgb;
    vec3 shown = g.eye.w != 0 ? smoothed(light) : filmic(light);
    // Half a step of noise, so that the sky shows no bands.
    float dither = fract(52.9829189 * fract(dot(gl_FragCoord.xy, vec2(0.06711056, 0.00583715)))) - 0.5;
    colour = vec4(shown + dither * (1.0 / 255.0) * (0.15 + 1.6 * sqrt(shown)), 1.0);
}
