-- +goose Up

-- API keys that are made through the API. No secret is here: hashes are bcrypt's, of the whole key.
CREATE TABLE api_keys (
    id             text PRIMARY KEY,
    hash           text NOT NULL,
    -- The hash before the last rotation, good until previous_until.
    previous_hash  text,
    previous_until timestamptz,
    name           text NOT NULL,
    scopes         text[] NOT NULL,
    created_by     text NOT NULL,
    created_at     timestamptz NOT NULL DEFAULT clock_timestamp(),
    expires_at     timestamptz,
    -- Late by up to a minute.
    last_used_at   timestamptz,
    revoked_at     timestamptz,
    CHECK ((previous_hash IS NULL) = (previous_until IS NULL))
);

-- Servers remember keys, and forget them when this tells of a change, whoever made it. That a key was used is none.
-- +goose StatementBegin
CREATE FUNCTION tell_api_keys_changed() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    PERFORM pg_notify('frontdesk_api_keys', '');
    RETURN NULL;
END
$$;
-- +goose StatementEnd
CREATE TRIGGER api_keys_changed
    AFTER INSERT OR DELETE OR TRUNCATE
        OR UPDATE OF id, hash, previous_hash, previous_until, name, scopes, expires_at, revoked_at
    ON api_keys FOR EACH STATEMENT EXECUTE FUNCTION tell_api_keys_changed();

-- +goose Down
DROP TABLE api_keys;
DROP FUNCTION tell_api_keys_changed();
