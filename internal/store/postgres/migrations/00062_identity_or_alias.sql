-- +goose Up

-- An identity belongs to a person or is an alias of one, never both. A statement that waits for a merge looks for aliases
-- in its snapshot from before the merge, finds none, and would write the number that was merged away as a second person's.
-- This looks again, in a snapshot of its own, when the row is written; whoever is refused tries again and finds the alias.
-- +goose StatementBegin
CREATE FUNCTION customers_are_no_aliases() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF EXISTS (SELECT 1 FROM customer_aliases WHERE identity = NEW.identity) THEN
        RAISE serialization_failure USING MESSAGE = 'the identity has become an alias of another customer';
    END IF;
    RETURN NULL;
END $$;
-- +goose StatementEnd
CREATE TRIGGER customers_no_alias AFTER INSERT ON customers FOR EACH ROW EXECUTE FUNCTION customers_are_no_aliases();
CREATE TRIGGER customers_become_no_alias AFTER UPDATE OF identity ON customers FOR EACH ROW
    WHEN (OLD.identity <> NEW.identity) EXECUTE FUNCTION customers_are_no_aliases();

-- +goose Down
DROP TRIGGER customers_no_alias ON customers;
DROP TRIGGER customers_become_no_alias ON customers;
DROP FUNCTION customers_are_no_aliases;
