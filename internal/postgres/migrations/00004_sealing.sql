-- +goose Up
-- One row at most: a known text, sealed. A keyset that does not open it would not
-- open the records either. How far the records have been gone through, to seal
-- them anew after a rotation, stands beside it, so that any gateway can go on.
create table seal_check (
    one             boolean     primary key default true check (one),
    sealed          bytea       not null,
    sealed_at       timestamptz not null default now(), -- by the key that sealed it
    walk_pipeline   text        collate "C" not null default '',
    walk_payload_id text        collate "C" not null default '',
    walk_renewed    bigint      not null default 0,     -- records, since the walk began
    walked_at       timestamptz                         -- when a walk ended that renewed none
);

-- +goose Down
drop table seal_check;
alter table records drop constraint if exists records_sealed_check; -- added once no record is in the clear
