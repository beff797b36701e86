-- +goose Up

-- API keys that are made through the API. No secret is here: hashes are bcrypt's, of the whole key.
CREATE TABLE api_keys (
    id             TEXT PRIMARY KEY,
    hash           TEXT NOT NULL,
    -- The hash before the last rotation, good until previous_until.
    previous_hash  TEXT,
    previous_until INTEGER,
    name           TEXT NOT NULL,
    scopes         TEXT NOT NULL CHECK (json_valid(scopes)),
    created_by     TEXT NOT NULL,
    created_at     INTEGER NOT NULL,
    expires_at     INTEGER,
    -- Late by up to a minute.
    last_used_at   INTEGER,
    revoked_at     INTEGER,
    CHECK ((previous_hash IS NULL) = (previous_until IS NULL))
) STRICT, WITHOUT ROWID;

-- +goose Down
DROP TABLE api_keys;
