DROP TABLE diesel_session_history;
