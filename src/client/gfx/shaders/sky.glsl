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

// Mix a surface's light with the air before it. position: relative to the eye, metres.
vec3 with_fog(vec3 colour, vec3 position)
{
    float far = length(position);
    float share = far / g.forward.w;
    float thick = 1.0 - exp(-1.6 * share * share);
    thick = max(thick, smoothstep(0.72, 0.98, share));
    return mix(colour, sky_colour(position / far), thick);
}

// Sun or moon, and the dome of sky and ground around.
vec3 lit(vec3 albedo, vec3 normal)
{
    float sun = max(dot(normal, g.light_direction.xyz), 0.0);
    vec3 ambient = mix(g.ambient_down.rgb, g.ambient_up.rgb, normal.y * 0.5 + 0.5);
    return albedo * (g.light_colour.rgb * sun + ambient);
}
