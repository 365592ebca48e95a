#version 450
layout(location = 0) in vec3 position;
layout(location = 1) in vec3 normal;
layout(location = 2) in vec3 world;

layout(location = 0) out uint out_id;
layout(location = 1) out vec4 out_normal;

void main()
{
    out_id = 0xFFFFFFFFu;
    out_normal = vec4(normalize(normal), 1.0);
}
