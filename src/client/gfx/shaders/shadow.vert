#version 450
#extension GL_GOOGLE_include_directive : require
#include "globals.glsl"

// A soft dark patch under a figure, laid over the ground by the CPU.
layout(location = 0) in vec3 position; // relative to the eye
layout(location = 1) in vec3 at;       // x, y: -1..1 across the patch; z: strength

layout(location = 0) out vec3 out_at;

void main()
{
    out_at = at;
    // Towards the eye by a hundredth: in front of the ground, at the same place in the picture.
    gl_Position = g.view_projection * vec4(position * 0.99, 1.0);
}
