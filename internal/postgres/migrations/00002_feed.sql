-- +goose Up
-- The transaction that last changed the record's state. With the position, it
-- is the record's place in the feed: unlike the position alone, it tells which
-- changes may still be under way, since those of transactions older than the
-- oldest running one cannot. Whatever changes a state sets it.
--
-- Records that are there already stand before every place in the feed, which
-- costs nothing: a constant default rewrites no row.
alter table records add column changed_in xid8 not null default '0';
alter table records alter column changed_in set default pg_current_xact_id();
create index records_by_change on records (changed_in, position);

-- +goose Down
alter table records drop column changed_in;
