# However a removal is cut short, each point is there as a whole or not at all,
# and the next one takes what was left.
. "$T/cli/lib.sh" || exit 1
# shellcheck source=/dev/null
. "$T/cli/lib/crash.sh" || exit 1
# shellcheck source=/dev/null
. "$T/cli/lib/repo.sh" || exit 1
may_trace

plan_conf '{"plans": {"nightly": {"retention": {"last": 1}}}}'
repo fresh --name web --number 1 --points 3 --full-every 2 --disk 3000 \
	--plan nightly
mkdir fresh/web/state
for p in $(points_in fresh/web); do
	echo '{}' >"fresh/web/state/$p.verify.json"
done
# More files: a folder's order is any.
for p in 21 22; do
	for i in 1 2 3 4 5 6; do
		echo $i >"fresh/web/web_202611${p}_020000/extra$i"
	done
done
want=web_20261123_020000

# killed CALL N: prune is killed at its Nth call of this kind; 1 if it was not.
killed()
{
	local rc=0
	rm -rf repo && cp -a fresh repo
	{
		ASAN_OPTIONS=$ASAN_OPTIONS:detect_leaks=0 strace -f -o trace \
			-e "trace=$1" -e "inject=$1:signal=KILL:when=$2" \
			"$B/esxbk-plan" prune --max-delete 9 >out 2>err
	} 2>/dev/null || rc=$?
	[ "$rc" -ne 0 ]
}

# What can be seen is whole; what is known of points is of such as are there.
sound()
{
	local p
	for p in $(points_in repo/web); do
		whole "repo/web/$p" || return 1
	done
	[ -e "repo/web/$want" ] || return 1
	# A child never outlives its parent.
	[ -e repo/web/web_20261121_020000 ] ||
		[ ! -e repo/web/web_20261122_020000 ]
}

healed()
{
	[ "$(points_in repo/web)" = "$want" ] &&
		[ "$(ls -A repo/web)" = "$(printf '%s\n' .r-52de0001 \
			"${1:+.w-52de0001}" state "$want" | grep .)" ] &&
		[ "$(ls -A repo/web/state)" = "$want.verify.json" ]
}

# A file system that knows no fsync of a folder.
rm -rf repo && cp -a fresh repo
ASAN_OPTIONS=$ASAN_OPTIONS:detect_leaks=0 strace -f -o trace -e trace=fsync \
	-P "$PWD/repo/web" -P "$PWD/repo/web/state" \
	-e inject=fsync:error=EINVAL \
	"$B/esxbk-plan" prune --max-delete 9 >out 2>err
same "$?" 0 "prune where no folder knows fsync"
check "none did" grep -q 'EINVAL.*(INJECTED)' trace
check "what is to go is gone" healed

rounds=0
bad=''
for call in renameat2 fsync unlinkat; do
	n=1
	while killed $call $n; do
		sound || bad+=" $call:$n"
		left=$(find repo/web -maxdepth 1 -name '.*.partial')
		"$B/esxbk-plan" prune --max-delete 9 -q >out 2>err ||
			bad+=" again:$call:$n"
		healed "$left" ||
			bad+=" left:$call:$n:$(find repo/web -printf '%f,')"
		rounds=$((rounds + 1))
		n=$((n + 1))
	done
	[ $n -gt 1 ] || fail "prune calls no $call"
done
same "$bad" '' "killed at each of its steps"
if [ "$rounds" -ge 12 ]; then
	pass "$rounds rounds"
else
	fail "only $rounds rounds"
fi
