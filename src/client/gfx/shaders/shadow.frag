#version 450
layout(location = 0) in vec3 at;
layout(location = 0) out vec4 colour;

void main()
{
    float away = length(at.xy);
    colour = vec4(0.0, 0.0, 0.0, at.z * smoothstep(1.0, 0.15, away));
}
