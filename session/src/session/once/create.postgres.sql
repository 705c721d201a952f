CREATE TABLE diesel_session_once (
    once_key TEXT COLLATE "C" NOT NULL PRIMARY KEY,
    result TEXT,
    expires_at TIMESTAMP(6) NOT NULL
);
COMMENT ON TABLE diesel_session_once IS
    'The keys of units of work that run exactly once, their results, and until when they are remembered.';
CREATE INDEX diesel_session_once_expiry ON diesel_session_once (expires_at);
