INSERT INTO users (login, email, stars, created_at)
SELECT 'user' || n, CASE WHEN n % 2 = 0 THEN 'user' || n || '@example.org' END, n % 100, '2026-01-01 00:00:00'
FROM generate_series(1, {rows}) AS n;
