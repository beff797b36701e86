-- +goose Up

-- Facts of the business's own about a booking: {"name": "text", …}. The default serves servers that do not know them.
ALTER TABLE bookings ADD COLUMN custom_fields jsonb NOT NULL DEFAULT '{}';

-- +goose Down
ALTER TABLE bookings DROP COLUMN custom_fields;
