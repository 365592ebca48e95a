// The sky's colour in a direction, without disc, stars and clouds. Fog takes its colour from here too, so that what
// vanishes in it meets the sky behind without an edge.
vec3 sky_colour(vec3 direction)
{
    float up = max(direction.y, 0.0);
    float towards = max(dot(direction, g.sun_direction.xyz), 0.0);
    vec3 colour = mix(g.horizon.rgb, g.zenith.rgb, 1.0 - exp2(-up * 4.2));
    float low = exp2(-up * 3.5);
    colour += g.glow.rgb * (0.22 * towards * towards * low + 0.30 * pow(towards, g.glow.w * 1.6)
                            + 0.55 * pow(towards, g.glow.w * 14.0));
    return colour;
}

// Thin clouds on a plane high above, gone before the horizon, where the fog must match.
vec3 with_clouds(vec3 sky, vec3 direction)
{
    float shown = smoothstep(0.05, 0.30, direction.y);
    if (shown <= 0.0)
        return sky;
    vec2 at = direction.xz / (direction.y + 0.12) * 3.0 + vec2(g.exposure.y * 2.0, 7.0);
    float thick = 0.55 * noise(at) + 0.28 * noise(at * 2.3 + 5.0) + 0.17 * noise(at * 5.1 + 11.0);
    float cover = smoothstep(0.50, 0.82, thick) * shown * 0.75;
    float towards = max(dot(direction, g.sun_direction.xyz), 0.0);
    vec3 lit_side = g.ambient_up.rgb * 1.15 + g.light_colour.rgb * (0.14 + 0.12 * pow(towards, 6.0));
    return mix(sky, lit_side, cover);
}

// Mix a surface's light with the air before it. position: relative to the eye, metres.
vec3 with_fog(vec3 colour, vec3 position)
{
    float far = length(position);
    float share = far / g.forward.w;
    float thick = 1.0 - exp(-1.6 * share * share);
    thick = max(thick, smoothstep(0.72, 0.98, share));
    vec3 direction = position / far;
    vec3 sky = sky_colour(direction);
    if (thick > 0.5) // a mountain that fades away must not stand out against the clouds
        sky = mix(sky, with_clouds(sky, direction), thick * 2.0 - 1.0);
    return mix(colour, sky, thick);
}

// Sun or moon, and the dome of sky and ground around.
vec3 lit(vec3 albedo, vec3 normal)
{
    float sun = max(dot(normal, g.light_direction.xyz), 0.0);
    vec3 ambient = mix(g.ambient_down.rgb, g.ambient_up.rgb, normal.y * 0.5 + 0.5);
    return albedo * (g.light_colour.rgb * sun + ambient);
}
