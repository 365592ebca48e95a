#version 450
#extension GL_GOOGLE_include_directive : require
#include "globals.glsl"

// One chunk's grid: x and z follow from the vertex' number, the height comes with it.
layout(location = 0) in uint height;  // 1/64 m
layout(location = 1) in vec2 slope;   // x and z of the normal

layout(push_constant) uniform Push {
    vec2 origin;   // of the chunk, relative to the eye, metres
    float spacing; // metres
    int edge;      // TERRAIN_EDGE
} push;

layout(location = 0) out vec3 out_position; // relative to the eye
layout(location = 1) out vec3 out_normal;
layout(location = 2) out vec3 out_world; // x, z modulo 4096 m, y absolute

invariant gl_Position;

void main()
{
    ivec2 at = ivec2(gl_VertexIndex % push.edge, gl_VertexIndex / push.edge);
    vec2 plan = push.origin + vec2(at) * push.spacing;
    // Subtracted as integers: exact however high the ground is.
    float y = float(int(height) * 64 - g.eye.y) * (1.0 / 4096.0);
    out_position = vec3(plan.x, y, plan.y);
    out_normal = vec3(slope.x, sqrt(max(1.0 - dot(slope, slope), 0.0)), slope.y);
    out_world = vec3(plan.x + float(g.eye.x & 0xFFFFFF) * (1.0 / 4096.0), float(height) * (1.0 / 64.0),
                     plan.y + float(g.eye.z & 0xFFFFFF) * (1.0 / 4096.0));
    gl_Position = g.view_projection * vec4(out_position, 1.0);
}
