#!/bin/sh
# Sets up a real Nominatim on the hand-made map beside this file and serves it on PORT.
#
# Needs Debian's postgresql, postgis (postgresql-15-postgis-3) and osm2pgsql, a running cluster,
# and sudo to the user postgres (or root). Nominatim is GPL-3: it is a service to test against, in an
# environment of its own, and never a dependency. docs/georeferencing.md says how it is used.
#
#   serve.sh FOLDER [PORT]    FOLDER is made; the database is called raman_pipeline_nominatim
set -eu
here=$(cd "$(dirname "$0")" && pwd)
folder=$1
port=${2:-8088}
as_postgres="runuser -u postgres --"
[ "$(id -u)" = 0 ] || as_postgres="sudo -u postgres"

mkdir -p "$folder/project"
[ -x "$folder/venv/bin/nominatim" ] || {
  python3 -m venv "$folder/venv"
  "$folder/venv/bin/pip" install --quiet nominatim-db==5.3.3 nominatim-api==5.3.3 \
    "psycopg[binary]" uvicorn falcon
}
cp "$here/handmade.osm" "$folder/project/"
chmod 755 "$folder" "$folder/project"

$as_postgres dropdb --if-exists raman_pipeline_nominatim
for role in "$(id -un)" www-data; do
  $as_postgres psql -qtc "SELECT 1 FROM pg_roles WHERE rolname = '$role'" | grep -q 1 ||
    $as_postgres createuser --superuser "$role"
done
# The role that reads needs LOGIN, or `nominatim serve` cannot connect.
$as_postgres psql -qc 'ALTER ROLE "www-data" LOGIN'

cd "$folder/project"
cat > .env <<ENV
NOMINATIM_DATABASE_DSN="pgsql:dbname=raman_pipeline_nominatim"
NOMINATIM_DATABASE_WEBUSER="www-data"
NOMINATIM_IMPORT_STYLE="full"
ENV
"$folder/venv/bin/nominatim" import --osm-file handmade.osm --threads 2 2> import.log ||
  { tail -20 import.log; exit 1; }
echo "serving on http://127.0.0.1:$port"
exec "$folder/venv/bin/nominatim" serve --server "127.0.0.1:$port" --engine falcon
