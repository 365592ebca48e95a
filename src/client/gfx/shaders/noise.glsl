// Value noise without textures, for the grain of the ground and for clouds; repeats every 4096 steps.
float noise_at(ivec2 p)
{
    uint h = uint(p.x & 4095) * 0x9E3779B1u + uint(p.y & 4095) * 0x85EBCA77u;
    h ^= h >> 15;
    h *= 0x2C1B3C6Du;
    h ^= h >> 13;
    return float(h & 0xFFFFu) * (1.0 / 65535.0);
}

float noise(vec2 p)
{
    vec2 base = floor(p);
    vec2 t = p - base;
    ivec2 i = ivec2(base);
    t = t * t * (3.0 - 2.0 * t);
    return mix(mix(noise_at(i), noise_at(i + ivec2(1, 0)), t.x),
               mix(noise_at(i + ivec2(0, 1)), noise_at(i + ivec2(1, 1)), t.x), t.y);
}
