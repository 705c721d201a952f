WITH RECURSIVE numbers (n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM numbers WHERE n < {rows})
INSERT INTO users (id, login, email, stars, created_at)
SELECT n, 'user' || n, CASE WHEN n % 2 = 0 THEN 'user' || n || '@example.org' END, n % 100, '2026-01-01 00:00:00'
FROM numbers;
