#version 450
#extension GL_GOOGLE_include_directive : require
#include "globals.glsl"

// A figure of rigid limbs: each vertex belongs to one limb, which turns about its joint by the phase of the stride.
layout(location = 0) in vec3 position; // at rest, feet at the origin, looking along -z, metres
layout(location = 1) in vec4 normal;
layout(location = 2) in uvec4 limb_and_part; // limb, part (for its colour)
layout(location = 3) in vec4 feet;           // x, y, z relative to the eye; yaw
layout(location = 4) in vec4 pose;           // stride in turns, amount, airborne, size
layout(location = 5) in uvec2 looks_and_id;

layout(location = 0) out vec3 out_position;
layout(location = 1) out vec3 out_normal;
layout(location = 2) flat out uvec2 out_part_and_looks;
layout(location = 3) flat out uint out_id;
layout(location = 4) out float out_height; // above the feet, for contact shading

invariant gl_Position;

// enum figure_limb
const uint TORSO = 0u, HEAD = 1u, ARM = 2u, FOREARM = 4u, THIGH = 6u, SHIN = 8u;
const float HIP = 0.88, KNEE = 0.47, SHOULDER = 1.41, ELBOW = 1.12, NECK = 1.47, PELVIS = 0.92;

// Turn about the x axis through a joint at that height; a positive angle swings what hangs below forwards, to -z.
void turn(inout vec3 p, inout vec3 n, float joint, float angle)
{
    float s = sin(angle), c = cos(angle);
    float y = p.y - joint;
    p = vec3(p.x, joint + y * c - p.z * s, y * s + p.z * c);
    n = vec3(n.x, n.y * c - n.z * s, n.y * s + n.z * c);
}

void main()
{
    uint limb = limb_and_part.x;
    float amount = pose.y, air = pose.z;
    float phase = pose.x * 6.2831853;
    float run = clamp(amount - 1.0, 0.0, 1.0), walk = clamp(amount, 0.0, 1.0);
    bool right = (limb & 1u) == 1u && limb >= ARM;
    float side = right ? -1.0 : 1.0;
    float swing = side * sin(phase), lift = side * cos(phase);

    float reach = 0.50 * walk + 0.42 * run;
    float hip = mix(reach * swing, side * 0.45 + 0.25, air);
    float knee = mix(walk * 0.08 + (0.75 * walk + 0.75 * run) * max(lift, 0.0), 0.9 - 0.35 * side, air);
    float shoulder = mix(-0.85 * reach * swing, 0.5, air);
    float elbow = mix(0.12 + 0.15 * walk + 1.05 * run, 0.7, air);
    float lean = 0.03 * walk + 0.16 * run;

    vec3 p = position;
    vec3 n = normal.xyz;
    if (limb >= SHIN)
        turn(p, n, KNEE, -knee);
    if (limb >= THIGH) {
        turn(p, n, HIP, hip);
    } else {
        if (limb >= FOREARM)
            turn(p, n, ELBOW, elbow);
        if (limb >= ARM) {
            turn(p, n, SHOULDER, shoulder);
            p.x += (SHOULDER - position.y) * 0.07 * sign(p.x) * (1.0 + 2.0 * air); // arms stand off a little
        }
        // The shoulders turn against the hips, and the body leans into its pace.
        float twist = (limb == HEAD ? 0.0 : 0.16) * reach * sin(phase);
        float s = sin(twist), c = cos(twist);
        p.xz = vec2(p.x * c + p.z * s, p.z * c - p.x * s);
        n.xz = vec2(n.x * c + n.z * s, n.z * c - n.x * s);
        turn(p, n, PELVIS, -lean);
    }
    // The standing leg keeps its foot on the ground: the body sinks as the legs open.
    p.y -= (1.0 - air) * HIP * (1.0 - cos(reach * sin(phase))) * 0.9;
    p *= pose.w;

    float ys = sin(feet.w), yc = cos(feet.w);
    out_height = p.y;
    out_position = feet.xyz + vec3(p.x * yc + p.z * ys, p.y, p.z * yc - p.x * ys);
    out_normal = vec3(n.x * yc + n.z * ys, n.y, n.z * yc - n.x * ys);
    out_part_and_looks = uvec2(limb_and_part.y, looks_and_id.x);
    out_id = looks_and_id.y;
    gl_Position = g.view_projection * vec4(out_position, 1.0);
}
