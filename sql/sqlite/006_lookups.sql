-- Who came from a network; by player too, so that a login from one that many share finds its row at once. A login from
-- where its account is known touches none of this: seen_at is not in it.
CREATE INDEX player_addresses_network ON player_addresses (network, player_id);
-- What an operator did.
CREATE INDEX audit_actor ON audit (actor, id);
-- Only closed reports have an end: an open one stays until somebody has seen it.
DROP INDEX reports_at;
CREATE INDEX reports_closed ON reports (at) WHERE closed_at IS NOT NULL;
