-- A database and a user per service. For psql; may be run again: it creates what is missing and sets the passwords.
-- A service owns its own database and cannot connect to another's.
\set ON_ERROR_STOP on

\getenv catalog_password SHUBBAK_CATALOG_DATABASE_PASSWORD
SELECT format('CREATE ROLE %I LOGIN', 'catalog') WHERE NOT EXISTS (SELECT FROM pg_roles WHERE rolname = 'catalog') \gexec
SELECT format('ALTER ROLE %I LOGIN NOSUPERUSER NOCREATEDB NOCREATEROLE PASSWORD %L', 'catalog', :'catalog_password') \gexec
SELECT format('CREATE DATABASE %I OWNER %I TEMPLATE template0 ENCODING ''UTF8''', 'catalog', 'catalog')
    WHERE NOT EXISTS (SELECT FROM pg_database WHERE datname = 'catalog') \gexec
REVOKE ALL ON DATABASE catalog FROM PUBLIC;

\getenv requests_password SHUBBAK_REQUESTS_DATABASE_PASSWORD
SELECT format('CREATE ROLE %I LOGIN', 'requests') WHERE NOT EXISTS (SELECT FROM pg_roles WHERE rolname = 'requests') \gexec
SELECT format('ALTER ROLE %I LOGIN NOSUPERUSER NOCREATEDB NOCREATEROLE PASSWORD %L', 'requests', :'requests_password') \gexec
SELECT format('CREATE DATABASE %I OWNER %I TEMPLATE template0 ENCODING ''UTF8''', 'requests', 'requests')
    WHERE NOT EXISTS (SELECT FROM pg_database WHERE datname = 'requests') \gexec
REVOKE ALL ON DATABASE requests FROM PUBLIC;

\getenv payments_password SHUBBAK_PAYMENTS_DATABASE_PASSWORD
SELECT format('CREATE ROLE %I LOGIN', 'payments') WHERE NOT EXISTS (SELECT FROM pg_roles WHERE rolname = 'payments') \gexec
SELECT format('ALTER ROLE %I LOGIN NOSUPERUSER NOCREATEDB NOCREATEROLE PASSWORD %L', 'payments', :'payments_password') \gexec
SELECT format('CREATE DATABASE %I OWNER %I TEMPLATE template0 ENCODING ''UTF8''', 'payments', 'payments')
    WHERE NOT EXISTS (SELECT FROM pg_database WHERE datname = 'payments') \gexec
REVOKE ALL ON DATABASE payments FROM PUBLIC;

\getenv notifications_password SHUBBAK_NOTIFICATIONS_DATABASE_PASSWORD
SELECT format('CREATE ROLE %I LOGIN', 'notifications') WHERE NOT EXISTS (SELECT FROM pg_roles WHERE rolname = 'notifications') \gexec
SELECT format('ALTER ROLE %I LOGIN NOSUPERUSER NOCREATEDB NOCREATEROLE PASSWORD %L', 'notifications', :'notifications_password') \gexec
SELECT format('CREATE DATABASE %I OWNER %I TEMPLATE template0 ENCODING ''UTF8''', 'notifications', 'notifications')
    WHERE NOT EXISTS (SELECT FROM pg_database WHERE datname = 'notifications') \gexec
REVOKE ALL ON DATABASE notifications FROM PUBLIC;

\getenv gateway_password SHUBBAK_GATEWAY_DATABASE_PASSWORD
SELECT format('CREATE ROLE %I LOGIN', 'gateway') WHERE NOT EXISTS (SELECT FROM pg_roles WHERE rolname = 'gateway') \gexec
SELECT format('ALTER ROLE %I LOGIN NOSUPERUSER NOCREATEDB NOCREATEROLE PASSWORD %L', 'gateway', :'gateway_password') \gexec
SELECT format('CREATE DATABASE %I OWNER %I TEMPLATE template0 ENCODING ''UTF8''', 'gateway', 'gateway')
    WHERE NOT EXISTS (SELECT FROM pg_database WHERE datname = 'gateway') \gexec
REVOKE ALL ON DATABASE gateway FROM PUBLIC;

-- The line to the centre reads the event logs of all services, and nothing else of them. A migration of each service
-- grants it the table; a database that was migrated before this user was there is granted it here. A server that is
-- given no password for it has no line.
\getenv link_password SHUBBAK_LINK_DATABASE_PASSWORD
\if :{?link_password}
SELECT format('CREATE ROLE %I LOGIN', 'link') WHERE NOT EXISTS (SELECT FROM pg_roles WHERE rolname = 'link') \gexec
SELECT format('ALTER ROLE %I LOGIN NOSUPERUSER NOCREATEDB NOCREATEROLE PASSWORD %L', 'link', :'link_password') \gexec
GRANT CONNECT ON DATABASE catalog TO link;
\connect catalog
SELECT 'GRANT SELECT ON event_log TO link' WHERE to_regclass('event_log') IS NOT NULL \gexec
GRANT CONNECT ON DATABASE requests TO link;
\connect requests
SELECT 'GRANT SELECT ON event_log TO link' WHERE to_regclass('event_log') IS NOT NULL \gexec
GRANT CONNECT ON DATABASE payments TO link;
\connect payments
SELECT 'GRANT SELECT ON event_log TO link' WHERE to_regclass('event_log') IS NOT NULL \gexec
GRANT CONNECT ON DATABASE notifications TO link;
\connect notifications
SELECT 'GRANT SELECT ON event_log TO link' WHERE to_regclass('event_log') IS NOT NULL \gexec
GRANT CONNECT ON DATABASE gateway TO link;
\connect gateway
SELECT 'GRANT SELECT ON event_log TO link' WHERE to_regclass('event_log') IS NOT NULL \gexec
\endif
