-- +goose Up
create table pipelines (
    name        text        collate "C" primary key,
    description text,
    active      boolean     not null default true,
    version     integer     not null default 1 check (version > 0),
    created_at  timestamptz not null default now(),
    updated_at  timestamptz not null default now()
);

insert into pipelines (name, description) values ('default', 'Takes in payloads that name no pipeline.');

-- A record is not tied to its pipeline by a foreign key: pipelines are never
-- deleted, and the key's check would lock the pipeline's row for every insert.
create table records (
    pipeline         text        collate "C" not null,
    payload_id       text        collate "C" not null,
    position         bigint      not null generated always as identity,
    fingerprint      bytea       not null check (octet_length(fingerprint) = 32),
    state            text        collate "C" not null
        check (state in ('QUEUED', 'PROCESSING', 'RETRYING', 'PROCESSED', 'SKIPPED', 'DEAD')),
    payload          bytea       not null,
    result           bytea,
    city_id          bigint,
    pipeline_version integer     not null,
    received_at      timestamptz not null,
    processed_at     timestamptz,
    primary key (pipeline, payload_id)
);

-- Pages are walked by (received_at, position), alone or within a pipeline or a city.
create unique index records_by_time on records (received_at, position);
create index records_by_pipeline on records (pipeline, received_at, position);
create index records_by_city on records (city_id, received_at, position) where city_id is not null;

-- +goose Down
drop table records;
drop table pipelines;
