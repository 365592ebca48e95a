#version 450
#extension GL_GOOGLE_include_directive : require
#include "globals.glsl"

layout(location = 0) in vec2 position; // pixels
layout(location = 1) in vec2 uv;
layout(location = 2) in vec4 rgba; // sRGB

layout(location = 0) out vec2 out_uv;
layout(location = 1) out vec4 out_colour; // linear

vec3 linear(vec3 c)
{
    return mix(c / 12.92, pow((c + 0.055) / 1.055, vec3(2.4)), greaterThan(c, vec3(0.04045)));
}

void main()
{
    gl_Position = vec4(position * g.exposure.zw * 2.0 - 1.0, 0.0, 1.0);
    out_uv = uv;
    out_colour = vec4(linear(rgba.rgb), rgba.a);
}
