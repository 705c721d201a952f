CREATE TABLE diesel_session_once (
    once_key VARCHAR(256) NOT NULL PRIMARY KEY,
    result LONGTEXT,
    expires_at DATETIME(6) NOT NULL,
    KEY diesel_session_once_expiry (expires_at)
) ENGINE = InnoDB CHARACTER SET utf8mb4 COLLATE utf8mb4_bin
COMMENT = 'The keys of units of work that run exactly once, their results, and until when they are remembered.';
