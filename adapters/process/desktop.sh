# A session's own supervisor: the display, the window manager and the template's command. When this script ends, the
# session ends; its exit status says why (see reasons in session.go).
#
# Arguments: the display's size as WIDTHxHEIGHT, its name, then the command.
# Open files: 3 the socket on which viewers connect, 4 and 5 the two ends of a pipe by which the display says that it is
# there, 6 a pipe that the agent holds open as long as it lives.
geometry=$1
export DISPLAY="$2"
shift 2
trap 'exit 80' USR2
trap 'exit 81' USR1
trap 'exit 83' TERM

# The kernel kills this script when the agent dies, but not before it was asked to: until then only the pipe tells. In a
# sandbox the script is the first process and as such only ends by itself; without one it goes with the rest. Where the
# kernel came first there is no such script any more, and a program that wrote to the dead agent's pipe would die of it.
{
	read -r _ <&6
	kill -TERM $$ 2>/dev/null
	kill -KILL 0
} 3<&- 4<&- 5>&- &

# -inetd, with a listening socket as standard input, serves RFB on that socket and on nothing else. It stands last, since
# Xvnc is silent from there on. -nolisten local closes the abstract socket, which every process of a network namespace can
# reach. Xvnc locks an address out after five connections that did not get as far as signing in, and all of ours have the
# same: without the high threshold five viewers that hang up early would lock out every viewer.
{
	Xvnc "$DISPLAY" -auth "$XAUTHORITY" -geometry "$geometry" -depth 24 -nolisten tcp -nolisten local -noreset \
		-SecurityTypes None -AlwaysShared -BlacklistThreshold 1000000000 -displayfd 5 -inetd <&3 3<&- 4<&- 6<&-
	echo "Xvnc ended with status $?" >&2
	kill -USR1 $$
} &
exec 3<&- 5>&- 6<&-
read -r _ <&4 || exit 81
exec 4<&-

# The command comes when the window manager is there, which then gives the keyboard to its window; or without it, later.
sleep 5 &
pause=$!

# A user who chooses "exit" in the window manager's menu wants the session to end; a crash of it should not take it along.
{
	openbox --startup "sh -c 'kill $pause'" || until openbox; do sleep 1; done
	sleep 0.2
	kill -USR2 $$
} &
wait $pause

"$@" &
wait $!
status=$?
sleep 0.2 # programs also end when the display does, and a little earlier than it: then its signal comes now
case $status in
126 | 127) exit 82 ;;
*) exit 80 ;;
esac
