-- +goose Up
-- API keys, of which only a hash of the secret is kept. What a key may do never
-- changes: who needs another one makes another one.
create table api_keys (
    id           text        collate "C" primary key,
    name         text        not null,
    hash         bytea       not null check (octet_length(hash) = 32), -- SHA-256 of the whole text
    scopes       text[]      collate "C" not null check (cardinality(scopes) > 0),
    pipelines    text[]      collate "C" check (cardinality(pipelines) > 0), -- names and prefixes with a star behind; null for all
    created_at   timestamptz not null default now(),
    created_by   text        not null,
    expires_at   timestamptz,
    last_used_at timestamptz, -- to the minute
    revoked_at   timestamptz,
    revoked_by   text,
    constraint api_keys_revoked_check check ((revoked_at is null) = (revoked_by is null))
);
create index api_keys_by_time on api_keys (created_at, id);

-- Who changed what. An event is written in the transaction of the change.
create table audit_events (
    id          bigint      primary key generated always as identity,
    at          timestamptz not null default clock_timestamp(), -- which changes of one thing make one after the other, whenever they began
    actor       text        collate "C" not null,
    actor_kind  text        collate "C" not null,
    request_id  text, -- null where no request brought it about
    action      text        collate "C" not null,
    target_kind text        collate "C" not null,
    target      text        collate "C" not null,
    pipeline    text        collate "C", -- null where the change is of none in particular
    reach       text[]      collate "C" check (cardinality(reach) > 0), -- the pipelines that it bears on, as api_keys has them; null for all
    details     jsonb       not null
);
create index audit_events_by_time on audit_events (at, id);
create index audit_events_by_actor on audit_events (actor, at, id);
create index audit_events_by_action on audit_events (action, at, id);
create index audit_events_by_pipeline on audit_events (pipeline, at, id) where pipeline is not null;

-- What has been written stays as it is, and goes only by the sweep of what is
-- past the retention, which says that it is one. Whoever says so falsely cannot
-- delete what is younger than the shortest retention, a day, less an hour that
-- clocks may differ by.
-- +goose StatementBegin
create function keep_audit_events() returns trigger language plpgsql as $$
begin
    if tg_op = 'DELETE' and tg_level = 'STATEMENT' and current_setting('barograph.sweeps_audit_events', true) = 'on' then
        return null;
    end if;
    raise exception 'audit_events is only ever added to' using errcode = 'insufficient_privilege';
end
$$;
-- +goose StatementEnd
create trigger audit_events_kept before update or delete or truncate on audit_events
    for each statement execute function keep_audit_events();
create trigger audit_events_kept_a_day before delete on audit_events
    for each row when (old.at > clock_timestamp() - interval '23 hours') execute function keep_audit_events();

-- +goose Down
drop table audit_events;
drop function keep_audit_events;
drop table api_keys;
