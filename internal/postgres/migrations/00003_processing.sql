-- +goose Up
-- What a pipeline does with its payloads. A version never changes once it is
-- there: records name the one that processed them.
create table pipeline_versions (
    pipeline   text        collate "C" not null,
    version    integer     not null check (version > 0),
    definition text        not null, -- JSON, as it was given: jsonb would lose digits, and grow without bound
    created_at timestamptz not null default now(),
    primary key (pipeline, version)
);

insert into pipeline_versions (pipeline, version, definition, created_at) select name, version, '{}', created_at from pipelines;

alter table records
    add column attempts        integer not null default 0 check (attempts >= 0),
    add column forgiven        integer not null default 0 check (forgiven between 0 and attempts), -- attempts that a replay no longer counts
    add column next_attempt_at timestamptz, -- of what is QUEUED or RETRYING
    add column lease           bigint,      -- of what is PROCESSING: whose it is, and nobody else's
    add column lease_until     timestamptz,
    add column error_code      text collate "C",
    add column error_message   text,
    add column error_at        timestamptz,
    add column attributes      jsonb,       -- plain, unlike payload and result: what the pipeline declares and no more
    add column ordering_key    text collate "C",
    add constraint records_leased_check check ((state = 'PROCESSING') = (lease is not null) and (lease is null) = (lease_until is null)),
    add constraint records_due_check check ((state in ('QUEUED', 'RETRYING')) = (next_attempt_at is not null)),
    add constraint records_error_check check ((error_code is null) = (error_message is null) and (error_code is null) = (error_at is null)),
    add constraint records_attributes_check check (attributes is null or jsonb_typeof(attributes) = 'object');

-- Numbers leases. One that is handed out later is greater, so that whoever holds
-- an earlier one of the same record can tell that it is lost.
create sequence record_leases;

-- What went wrong, attempt by attempt. An attempt that did not fail is told by
-- its record alone.
create table record_attempts (
    pipeline         text        collate "C" not null,
    payload_id       text        collate "C" not null,
    number           integer     not null check (number > 0),
    pipeline_version integer     not null,
    ended_at         timestamptz not null,
    error_code       text        collate "C" not null,
    error_message    text        not null,
    primary key (pipeline, payload_id, number)
);

-- Workers take what is due, pipeline by pipeline so that none starves another,
-- and what has an ordering key key by key.
create index records_due on records (pipeline, next_attempt_at, position) where state in ('QUEUED', 'RETRYING') and ordering_key is null;
create index records_leased on records (lease_until) where state = 'PROCESSING';
-- The first unfinished record of a key holds the later ones back.
create index records_ordered on records (pipeline, ordering_key, received_at, position)
    where ordering_key is not null and state in ('QUEUED', 'RETRYING', 'PROCESSING');
create index records_ordered_leased on records (pipeline, ordering_key) where ordering_key is not null and state = 'PROCESSING';
create index records_by_attribute on records using gin (attributes jsonb_path_ops) where attributes is not null;
-- How rare a value is decides between that index and a walk by time: of 500 samples
-- of the whole column it can be told, of 100 not.
alter table records alter column attributes set statistics 500;
-- What failed for good is looked for among millions that did not.
create index records_dead on records (pipeline, received_at, position) where state = 'DEAD';
create index record_attempts_by_time on record_attempts (pipeline, ended_at);

-- +goose Down
drop index records_dead;
drop table record_attempts;
drop sequence record_leases cascade;
alter table records
    drop column attempts, drop column forgiven, drop column next_attempt_at, drop column lease, drop column lease_until,
    drop column error_code, drop column error_message, drop column error_at, drop column attributes, drop column ordering_key;
drop table pipeline_versions;
