#version 450
#extension GL_GOOGLE_include_directive : require
#include "globals.glsl"

// One triangle over the whole picture, infinitely far away.
layout(location = 0) out vec3 out_ray;

void main()
{
    vec2 at = vec2(gl_VertexIndex == 1 ? 3.0 : -1.0, gl_VertexIndex == 2 ? 3.0 : -1.0);
    gl_Position = vec4(at, 0.0, 1.0);
    out_ray = g.forward.xyz + at.x * g.right.w * g.right.xyz - at.y * g.up.w * g.up.xyz;
}
