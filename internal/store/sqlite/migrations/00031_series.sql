-- +goose Up

-- What was booked together, week by week. Each booking of a series goes its own way afterwards.
ALTER TABLE bookings ADD COLUMN series_id TEXT;
CREATE INDEX bookings_series ON bookings (series_id, start_at) WHERE series_id IS NOT NULL;

-- +goose Down
DROP INDEX bookings_series;
ALTER TABLE bookings DROP COLUMN series_id;
