-- +goose Up

-- A key stands for what came of its request: a booking, or a refusal that was kept so that no late copy of the request books
-- after all (docs/adr/0004). The refusal is JSON; there is no personal data in it. A server from before this migration does
-- not see refusals; a repetition of a refused request finds it unable to answer, and the next server can.
ALTER TABLE idempotency_keys
    ALTER COLUMN booking_id DROP NOT NULL,
    ADD COLUMN refusal text,
    ADD CONSTRAINT idempotency_keys_outcome CHECK ((booking_id IS NULL) <> (refusal IS NULL));

-- +goose Down
DELETE FROM idempotency_keys WHERE booking_id IS NULL;
ALTER TABLE idempotency_keys
    DROP COLUMN refusal, -- and with it the constraint
    ALTER COLUMN booking_id SET NOT NULL;
