-- The keys of units of work that run exactly once, their results, and until when they are remembered.
CREATE TABLE diesel_session_once (
    once_key TEXT NOT NULL PRIMARY KEY,
    result TEXT,
    expires_at TIMESTAMP NOT NULL
);
CREATE INDEX diesel_session_once_expiry ON diesel_session_once (expires_at);
