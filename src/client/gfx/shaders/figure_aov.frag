#version 450
layout(location = 0) in vec3 position;
layout(location = 1) in vec3 normal;
layout(location = 2) flat in uvec2 part_and_looks;
layout(location = 3) flat in uint id;
layout(location = 4) in float height;

layout(location = 0) out uint out_id;
layout(location = 1) out vec4 out_normal;

void main()
{
    out_id = id;
    out_normal = vec4(normalize(normal), 1.0);
}
