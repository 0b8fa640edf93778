#!/usr/bin/env bash
# A cluster of three at work: loads real data, loses a node half way, and gets it back whole.
# Needs QUORATE_BIN (make demo sets it). Listens on 127.0.0.1 to 127.0.0.3 only; everything it
# starts it stops, and its data goes when it ends.
set -euo pipefail

: "${QUORATE_BIN:?the path of the quorate binary}"
here=$(cd "$(dirname "$0")" && pwd)
work=$(mktemp -d)
declare -A pids=()

cleanup() {
    for pid in "${pids[@]}"; do kill -TERM "$pid" 2>/dev/null || true; done
    for pid in "${pids[@]}"; do wait "$pid" 2>/dev/null || true; done
    rm -rf "$work"
}
trap cleanup EXIT

say() { printf '\n== %s\n' "$*"; }
quietly() { "$@" >/dev/null 2>&1; }
shell() { "$QUORATE_BIN" shell --host "127.0.0.$1:9160" "${@:2}"; }
admin() { "$QUORATE_BIN" admin --host "127.0.0.$1:9160" "${@:2}"; }

start() { # number
    "$QUORATE_BIN" serve --set "data_directory=$work/node$1" --set "listen_address=127.0.0.$1" \
        --set authentication=false --set seeds=127.0.0.1:7000 --set "rack=rack$1" --set cluster_name=demo \
        --set gossip_interval_ms=200 --set hint_dispatch_interval_ms=1000 \
        --set hint_bytes_per_second=67108864 2>>"$work/node$1.log" &
    pids[$1]=$!
}

stop() { # signal number
    kill "-$1" "${pids[$2]}"
    wait "${pids[$2]}" 2>/dev/null || true
    unset "pids[$2]"
}

until_true() { # seconds, command...
    local ends=$((SECONDS + $1))
    until quietly "${@:2}"; do
        if ((SECONDS >= ends)); then
            echo "gave up after $1 s: ${*:2}" >&2
            tail -n 20 "$work"/node*.log >&2
            exit 1
        fi
        sleep 0.2
    done
}

up() { # number, how many it must see up
    [ "$(admin "$1" --output json status | grep -o '"up": *true' | wc -l)" -eq "$2" ]
}
no_hints() { ! admin 1 --output json listpendinghints | grep -q '"hints": *[1-9]' \
    && ! admin 2 --output json listpendinghints | grep -q '"hints": *[1-9]'; }
count() { shell "$1" --consistency "$2" --format csv -e 'SELECT count(*) FROM demo.flights' | tail -n 1; }

say "three nodes, each a process of its own"
for number in 1 2 3; do start "$number"; done
for number in 1 2 3; do until_true 30 up "$number" 3; done
admin 1 status

say "a keyspace with three replicas, and a table"
shell 1 -e "
CREATE KEYSPACE demo WITH replication = {'class': 'NetworkTopologyStrategy', 'dc1': 3};
CREATE TABLE demo.flights (
  year int, month int, day int, dep_time int, sched_dep_time int, dep_delay int, arr_time int,
  sched_arr_time int, arr_delay int, carrier text, flight int, tailnum text, origin text, dest text,
  air_time int, distance int, hour int, minute int, time_hour timestamp,
  PRIMARY KEY ((origin, month, day), time_hour, carrier, flight));"

say "COPY of 336,776 flights at QUORUM; node 3 is killed half way and started again"
gzip -dc "$here/demo/flights.csv.gz" >"$work/flights.csv"
rows=$(($(wc -l <"$work/flights.csv") - 1))
(
    # Half way: when node 1 holds about half of the rows.
    while :; do
        held=$(admin 1 --output json tablestats demo.flights | sed -n 's/.*"keys_estimated": *\([0-9]*\).*/\1/p' | head -n 1)
        if ((${held:-0} >= rows / 2)); then break; fi
        sleep 0.1
    done
    kill -KILL "${pids[3]}"
    echo "killed" >"$work/killed"
) &
watcher=$!
shell 1 --consistency QUORUM --request-timeout 20 -e "COPY demo.flights FROM '$work/flights.csv' WITH HEADER = TRUE AND NULL = 'NA'"
wait "$watcher"
wait "${pids[3]}" 2>/dev/null || true
unset 'pids[3]'
echo "node 3 was killed while the rows were loading"
admin 1 listpendinghints

say "node 3 starts again and gets what it missed"
start 3
until_true 60 up 3 3
until_true 120 no_hints
echo "rows in the file:                      $rows"
echo "rows counted at QUORUM:                $(count 1 QUORUM)"

say "node 3 alone: the other two are stopped, so level ONE can only mean node 3"
stop TERM 1
stop TERM 2
alone=$(count 3 ONE)
echo "rows counted on node 3 alone:          $alone"
for number in 1 2; do start "$number"; done
for number in 1 2 3; do until_true 30 up "$number" 3; done
if [ "$alone" != "$rows" ]; then
    echo "node 3 lacks rows" >&2
    exit 1
fi

say "three queries"
shell 2 --consistency QUORUM -e "
SELECT carrier, flight, dest, dep_delay, arr_delay FROM demo.flights
  WHERE origin = 'JFK' AND month = 7 AND day = 4 AND time_hour >= '2013-07-04 12:00:00+0000' LIMIT 5;
SELECT count(*), avg(arr_delay), max(arr_delay) FROM demo.flights WHERE origin = 'LGA' AND month = 12 AND day = 24;
SELECT origin, month, day, count(*), avg(dep_delay) FROM demo.flights WHERE origin IN ('EWR', 'JFK', 'LGA')
  AND month = 1 AND day = 1 GROUP BY origin, month, day;"

say "what a read delivered: its receipt"
shell 2 --consistency QUORUM -e "EXPLAIN CONSISTENCY SELECT * FROM demo.flights WHERE origin = 'EWR' AND month = 2 AND day = 14;"
say "done"
