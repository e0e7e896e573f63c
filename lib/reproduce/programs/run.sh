#!/bin/sh
# Brings this machine into a state that is comparable with that of a plan of pageblock, and measures it.
# Written by `pageblock reproduce`; README.md beside this file says what it does. MIT licence.
set -u
LC_ALL=C
export LC_ALL
unset CDPATH
umask 077

# The change of the kernel that the plan's machine has; empty: none.
CHANGE_NAME=
CHANGE_ABOUT=
CHANGE_POINTS=
CHANGE_SHA256=

# Numbers of the plan. ppm: parts per million of the memory that may be used.
#SETTINGS

usage() {
  cat <<'END'
usage: sh run.sh [--memory MIB] [--seconds N] [--floor MIB] [--scratch DIR] [--results DIR] [--root-allowed]
  --memory        most memory to use, in MiB (default: the plan's, or a quarter of MemAvailable; at most half of it)
  --seconds       how long the state is held
  --floor         the script ends if MemAvailable falls below so many MiB
  --scratch       folder for temporary files (default: this one)
  --results       folder for the results, which must not exist (default: results in this one)
  --root-allowed  with root: may set sysctls and the pool of huge pages, trace and use debugfs; all is put back
END
}

die() {
  printf 'run.sh: %s\n' "$1" >&2
  exit 2
}

# The option and its value: a whole number of at most nine digits. Into $whole without leading zeros, which would make it octal.
number() {
  case $2 in
  '' | *[!0-9]* | ??????????*) die "$1 must be a whole number from 0 to 999999999" ;;
  esac
  whole=$2
  while [ "${whole#0?}" != "$whole" ]; do
    whole=${whole#0}
  done
}

here=$(cd -- "$(dirname -- "$0")" && pwd) || die "the folder of this script cannot be entered"
base=$here
results=$here/results
root_allowed=0
while [ $# -gt 0 ]; do
  case $1 in
  --memory | --seconds | --floor)
    [ $# -ge 2 ] || die "$1 must have a value"
    number "$1" "$2"
    case $1 in
    --memory) MEMORY_KIB=$((whole * 1024)) ;;
    --seconds) HOLD_SECONDS=$whole ;;
    --floor) FLOOR_KIB=$((whole * 1024)) ;;
    esac
    shift 2
    ;;
  --scratch | --results)
    [ $# -ge 2 ] || die "$1 must have a value"
    case $1 in
    --scratch) base=$2 ;;
    --results) results=$2 ;;
    esac
    shift 2
    ;;
  --root-allowed)
    root_allowed=1
    shift
    ;;
  --help | -h)
    usage
    exit 0
    ;;
  *) die "$1 is not known; --help lists the options" ;;
  esac
done
[ "$HOLD_SECONDS" -ge 2 ] || die "--seconds must be 2 or more"
[ "$HOLD_SECONDS" -le 86400 ] || die "--seconds must be 86400 or less"
base=$(cd -- "$base" && pwd) || die "--scratch: the folder cannot be entered"
[ -r /proc/meminfo ] || die "/proc/meminfo cannot be read: this needs Linux"
[ ! -e "$results" ] || die "the results exist already: move them away or use --results"
command -v cc >/dev/null 2>&1 || die "cc was not found: a C compiler is needed"
if [ "$root_allowed" = 1 ] && [ "$(id -u)" != 0 ]; then
  die "--root-allowed needs root"
fi

memory_kib() {
  while read -r name value _; do
    if [ "$name" = "$1:" ]; then
      printf '%s\n' "$value"
      return
    fi
  done </proc/meminfo
  printf '0\n'
}

available() {
  memory_kib MemAvailable
}

AVAILABLE_KIB=$(available)
TOTAL_KIB=$(memory_kib MemTotal)
[ "$AVAILABLE_KIB" -gt 0 ] || die "/proc/meminfo does not state MemAvailable"
[ "$MEMORY_KIB" -gt 0 ] || MEMORY_KIB=$((AVAILABLE_KIB / 4))
[ "$MEMORY_KIB" -le $((AVAILABLE_KIB / 2)) ] ||
  die "--memory must be at most half of MemAvailable, $((AVAILABLE_KIB / 2048)) MiB: got $((MEMORY_KIB / 1024)) MiB"
if [ "$FLOOR_KIB" -eq 0 ]; then
  FLOOR_KIB=$((AVAILABLE_KIB / 4))
fi
[ $((AVAILABLE_KIB - MEMORY_KIB)) -ge "$FLOOR_KIB" ] ||
  die "MemAvailable would fall below the floor of $((FLOOR_KIB / 1024)) MiB"

scratch=
children=
waiting=
restored=1
trace=
cma=
cma_pages=0

# Settings are put back in the reverse order of their changes.
restore() {
  [ "$restored" = 0 ] || return 0
  restored=1
  if [ -n "$cma" ]; then
    printf '%s\n' "$cma_pages" >"$cma/free" 2>/dev/null
    cma=
  fi
  if [ -n "$trace" ]; then
    printf '0\n' >"$trace/events/kmem/mm_page_alloc_extfrag/enable" 2>/dev/null
    rmdir -- "$trace" 2>/dev/null
    trace=
  fi
  while read -r value file; do
    (printf '%s\n' "$value" >"$file") 2>/dev/null || printf 'run.sh: %s was not put back to %s\n' "$file" "$value" >&2
  done <"$scratch/changed"
}

end_children() {
  for pid in $children; do
    kill -s TERM "$pid" 2>/dev/null
  done
  for pid in $children; do
    wait "$pid" 2>/dev/null
  done
  children=
}

cleanup() {
  trap '' INT TERM HUP
  if [ -n "$waiting" ]; then
    kill -s TERM "$waiting" 2>/dev/null
    wait "$waiting" 2>/dev/null
  fi
  end_children
  restore
  if [ -n "$scratch" ]; then
    rm -rf -- "$scratch"
  fi
}
trap cleanup EXIT
trap 'exit 130' INT
trap 'exit 143' TERM HUP

# A signal ends the wait at once, which it would not do with a program in the foreground.
in_turn() {
  "$@" &
  waiting=$!
  wait "$waiting"
  code=$?
  waiting=
  return "$code"
}

scratch=$(mktemp -d "$base/pageblock.XXXXXX") || die "--scratch: a folder cannot be made"
mkdir -p -- "$results/steps" "$results/holders" || die "--results: the folder cannot be made"
results=$(cd -- "$results" && pwd) || die "--results: the folder cannot be entered"
mkdir "$scratch/bin" "$scratch/files" "$scratch/names" || die "--scratch: folders cannot be made"
: >"$scratch/changed"
: >"$results/notes.txt"
restored=0

# A result that is not whole is none.
unwritten() {
  die "$1 cannot be written: is the disk full?"
}

note() {
  printf '%s\n' "$1" >>"$results/notes.txt" || unwritten "$results/notes.txt"
  printf '  note: %s\n' "$1"
}

# Nothing here can tell whether the kernel that runs was built with the change.
if [ -n "$CHANGE_SHA256" ]; then
  note "the plan's kernel has the change $CHANGE_NAME, SHA-256 $CHANGE_SHA256"
  [ -z "$CHANGE_ABOUT" ] || note "the change: $CHANGE_ABOUT"
  note "the change decides: $CHANGE_POINTS"
  note "this machine's kernel must be built with that change: otherwise the model's figures are those of another kernel"
fi

# What the machine has beside the state decides about fragmentation if the state is small.
if [ "$TOTAL_KIB" -gt 0 ] && [ "$((MEMORY_KIB * 1000000 / TOTAL_KIB))" -lt "$PPM_SHOWS" ]; then
  enough_mib=$((TOTAL_KIB * PPM_SHOWS / 1000000 / 1024 + 1))
  if [ "$enough_mib" -le "$((AVAILABLE_KIB / 2048))" ]; then
    enough="--memory $enough_mib or more would do"
  else
    enough="$enough_mib MiB would do, more than half of what is available: use a smaller virtual machine"
  fi
  note "$((MEMORY_KIB / 1024)) MiB of $((TOTAL_KIB / 1024)) MiB are below a fifth of memory: nothing about fragmentation can be compared"
  note "$enough"
fi

for program in anon files pipes sockets tables dentries pins ask await; do
  in_turn cc -std=c11 -O2 -Wall -Wextra -o "$scratch/bin/$program" "$here/$program.c" || die "$program.c does not compile"
done

# Only numbers are written, and only to files named here.
change() {
  [ -w "$1" ] || {
    note "not set, for it cannot be written: $1"
    return 1
  }
  # Not with read: some shells read byte by byte, and a sysctl gives only the first.
  former=$(cat "$1") || return 1
  case $former in
  '') return 1 ;;
  *'['*']'*)
    former=${former#*[}
    former=${former%%]*}
    ;;
  esac
  printf '%s %s\n' "$former" "$1" | cat - "$scratch/changed" >"$scratch/changed.new" &&
    mv "$scratch/changed.new" "$scratch/changed" && printf '%s\n' "$2" >"$1"
}

settle_root() {
  [ "$SYSCTL_WATERMARK_SCALE_FACTOR" -lt 0 ] || change /proc/sys/vm/watermark_scale_factor "$SYSCTL_WATERMARK_SCALE_FACTOR"
  [ "$SYSCTL_WATERMARK_BOOST_FACTOR" -lt 0 ] || change /proc/sys/vm/watermark_boost_factor "$SYSCTL_WATERMARK_BOOST_FACTOR"
  [ "$SYSCTL_EXTFRAG_THRESHOLD" -lt 0 ] || change /proc/sys/vm/extfrag_threshold "$SYSCTL_EXTFRAG_THRESHOLD"
  [ "$SYSCTL_COMPACTION_PROACTIVENESS" -lt 0 ] || change /proc/sys/vm/compaction_proactiveness "$SYSCTL_COMPACTION_PROACTIVENESS"
  [ "$SYSCTL_DEFRAG_MODE" -lt 0 ] || change /proc/sys/vm/defrag_mode "$SYSCTL_DEFRAG_MODE"
  if grep -q '\[never\]' /sys/kernel/mm/transparent_hugepage/enabled 2>/dev/null; then
    change /sys/kernel/mm/transparent_hugepage/enabled madvise
  fi
  for tracing in /sys/kernel/tracing /sys/kernel/debug/tracing; do
    if [ -n "$trace" ] || [ ! -d "$tracing/instances" ]; then
      continue
    fi
    mkdir "$tracing/instances/pageblock.$$" 2>/dev/null || continue
    trace=$tracing/instances/pageblock.$$
    printf '1\n' >"$trace/events/kmem/mm_page_alloc_extfrag/enable" 2>/dev/null ||
      note "the trace point mm_page_alloc_extfrag cannot be switched on"
  done
  [ -n "$trace" ] || note "fallbacks are not counted: tracing is not available"
}

# Every event is counted, whether it is still in the buffer or not.
fallbacks() {
  total=0
  for stats in "$trace"/per_cpu/cpu*/stats; do
    while read -r name value _; do
      case $name in
      entries: | overrun:) total=$((total + value)) ;;
      esac
    done <"$stats"
  done
  printf '%s\n' "$total"
}

copy() {
  if [ ! -f "/$1" ] || [ ! -r "/$1" ]; then
    return 0
  fi
  mkdir -p -- "$step/${1%/*}" || die "--results: a folder cannot be made"
  # A file that exists may still refuse to be read. If it can be read, the result could not be written.
  if ! cat "/$1" 2>/dev/null >"$step/$1"; then
    ! cat "/$1" >/dev/null 2>&1 || unwritten "$step/$1"
    rm -f -- "$step/$1"
  fi
}

field() {
  sum=0
  while read -r name value _; do
    [ "$name" = "$2" ] && sum=$((sum + value))
  done <"$1" 2>/dev/null
  printf '%s' "$sum"
}

steps=0
step_names=
measure() {
  step=$results/steps/0$steps-$1
  step_names="$step_names${step_names:+,}\"0$steps-$1\""
  steps=$((steps + 1))
  mkdir -p -- "$step/proc" || die "--results: a folder cannot be made"
  cd / || die "/ cannot be entered"
  for file in proc/buddyinfo proc/pagetypeinfo proc/zoneinfo proc/meminfo proc/vmstat proc/slabinfo proc/uptime \
    proc/sys/kernel/osrelease proc/sys/kernel/arch proc/sys/vm/* proc/sys/fs/dentry-state \
    sys/devices/system/cpu/online sys/kernel/mm/transparent_hugepage/* \
    sys/kernel/mm/transparent_hugepage/*/enabled sys/kernel/mm/transparent_hugepage/khugepaged/defrag \
    sys/kernel/mm/hugepages/*/* sys/devices/system/node/node*/hugepages/*/* sys/kernel/mm/cma/*/*; do
    copy "$file"
  done
  if [ "$root_allowed" = 1 ]; then
    for file in sys/kernel/debug/cma/*/count sys/kernel/debug/cma/*/used sys/kernel/debug/cma/*/maxchunk; do
      copy "$file"
    done
  fi
  getconf PAGESIZE >"$step/proc/page_size" || unwritten "$step/proc/page_size"
  for pid in $children; do
    [ -r "/proc/$pid/smaps" ] || continue
    read -r name <"/proc/$pid/comm"
    printf '%s %s %s %s %s %s\n' "$name" "$pid" "$(field "/proc/$pid/status" VmRSS:)" \
      "$(field "/proc/$pid/smaps" AnonHugePages:)" "$(field "/proc/$pid/status" VmPTE:)" \
      "$(field "/proc/$pid/status" VmPin:)" || unwritten "the list of holders"
  done >"$step/holders.txt"
  if [ -n "$trace" ]; then
    fallbacks >"$step/extfrag.txt" || unwritten "$step/extfrag.txt"
  fi
  cd "$here" || die "the folder of this script cannot be entered"
  printf '  measured: %s\n' "$1"
  [ "$(available)" -ge "$FLOOR_KIB" ] || die "stopped: MemAvailable fell below the floor of $((FLOOR_KIB / 1024)) MiB"
}

part() {
  printf '%s' "$((MEMORY_KIB * $1 / 1000000))"
}

# Its name, its KiB, further options. All start before the first is waited for, so that their requests mix.
started=
start() {
  what=$1
  kib=$2
  shift 2
  [ "$kib" -gt 0 ] || return 0
  "$scratch/bin/$what" --kib "$kib" --limit-kib "$MEMORY_KIB" --floor-kib "$FLOOR_KIB" --seed "$SEED" \
    --seconds "$((HOLD_SECONDS + FILL_SECONDS))" --parent "$$" --report "$results/holders/$what.json" "$@" &
  children="$children $!"
  started="$started $what:$!"
}

settled() {
  for one in $started; do
    in_turn "$scratch/bin/await" --seconds "$FILL_SECONDS" --parent "$$" --pid "${one#*:}" --report "$results/holders/${one%:*}.json" ||
      note "${one%:*} was not ready after $FILL_SECONDS s"
  done
  started=
}

# Unlike sleep, it ends with this script, however that ends.
hold() {
  in_turn "$scratch/bin/await" --seconds "$1" --parent "$$"
}

printf 'uses up to %s MiB of %s MiB that are available, for about %s s\n' \
  "$((MEMORY_KIB / 1024))" "$((AVAILABLE_KIB / 1024))" "$HOLD_SECONDS"
if [ "$root_allowed" = 1 ]; then
  settle_root
fi
measure before
start anon "$(part "$PPM_ANON")" --holes-kib "$(part "$PPM_HOLES")" \
  --turnover-kib "$(part "$PPM_ANON_TURNOVER")" --hold "$HOLD_SECONDS"
start files "$(part "$PPM_FILE")" --dir "$scratch/files" --dirty-ppm "$PPM_DIRTY" \
  --turnover-kib "$(part "$PPM_FILE_TURNOVER")" --hold "$HOLD_SECONDS"
start pipes "$(part "$PPM_PIPE")"
start sockets "$(part "$PPM_SOCKET")"
start tables "$(part "$PPM_TABLE")"
start dentries "$(part "$PPM_DENTRY")" --dir "$scratch/names"
start pins "$(part "$PPM_PIN")"
settled
measure filled
hold "$((HOLD_SECONDS / 2))"
measure during

# What the request may have: what the plan's state leaves of the memory that may be used.
left=$(part "$PPM_LEFT")
if [ "$HUGETLB" = 1 ]; then
  huge_kib=$(field /proc/meminfo Hugepagesize:)
else
  huge_kib=0
  if [ -r /sys/kernel/mm/transparent_hugepage/hpage_pmd_size ]; then
    huge_bytes=$(cat /sys/kernel/mm/transparent_hugepage/hpage_pmd_size)
    huge_kib=$((huge_bytes / 1024))
  fi
fi
if [ "$huge_kib" -gt 0 ]; then
  pages=$(((REQUEST_KIB + huge_kib - 1) / huge_kib))
  most=$((left / huge_kib))
  if [ "$most" -lt 1 ]; then
    note "the request is left out: $left KiB remain for it, less than a huge page"
  else
    if [ "$pages" -gt "$most" ]; then
      note "a request is cut from $pages to $most huge pages: the limit of memory leaves no more"
      pages=$most
    fi
    held=$((most / pages))
    [ "$held" -le "$REQUEST_HELD" ] || held=$REQUEST_HELD
    if [ "$HUGETLB" = 1 ] && [ "$root_allowed" = 1 ]; then
      pool=$(cat /proc/sys/vm/nr_hugepages)
      change /proc/sys/vm/nr_hugepages "$((pool + pages * held))"
      got=$(cat /proc/sys/vm/nr_hugepages)
      note "the pool of huge pages: $((pages * held)) were asked for, $((got - pool)) were got"
    fi
    start ask "$((pages * held * huge_kib))" --hugetlb "$HUGETLB" --pages "$pages" --times "$REQUEST_TIMES" --held "$held"
    settled
  fi
else
  note "the request is left out: the kernel has no huge pages of this kind"
fi
if [ "$CMA" = 1 ]; then
  for area in /sys/kernel/debug/cma/*; do
    if [ "$root_allowed" = 0 ] || [ ! -w "$area/alloc" ]; then
      continue
    fi
    cma=$area
    cma_pages=$((REQUEST_KIB * 1024 / $(getconf PAGESIZE)))
    if printf '%s\n' "$cma_pages" >"$area/alloc" 2>/dev/null; then
      note "CMA gave $cma_pages pages"
    else
      note "CMA refused $cma_pages pages"
      cma=
    fi
    break
  done
  [ -n "$cma" ] || note "CMA was not asked, or refused: it takes root, debugfs and CONFIG_CMA_DEBUGFS"
fi
measure asked
hold "$((HOLD_SECONDS - HOLD_SECONDS / 2))"
measure held
end_children
restore
measure after
run_json() {
  printf '{"format":"pageblock-reproduction","version":1,"plan":"%s",' "$PLAN_HASH" &&
    printf '"limitKib":%s,"availableKib":%s,"floorKib":%s,' "$MEMORY_KIB" "$AVAILABLE_KIB" "$FLOOR_KIB" &&
    printf '"seconds":%s,"rootAllowed":%s,"steps":[%s]}\n' "$HOLD_SECONDS" "$root_allowed" "$step_names"
}
if ! run_json >"$results/run.json.part" || ! mv -- "$results/run.json.part" "$results/run.json"; then
  rm -f -- "$results/run.json.part"
  unwritten "$results/run.json"
fi
printf 'done: pageblock reproduce --read compares the results with the model\n'
