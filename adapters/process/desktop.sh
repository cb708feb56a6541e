# The supervisor of a session: it starts the display, the window manager and the template's command. When this script
# ends, the session ends. Its exit status says why (see reason in session.go).
#
# Arguments: the display's size as WIDTHxHEIGHT, its name, then the command.
# Open files: 3 is the socket on which viewers connect. 4 and 5 are the two ends of a pipe on which the display reports
# that it is ready. 6 is a pipe that the agent keeps open while it runs.
geometry=$1
export DISPLAY="$2"
shift 2
trap 'exit 80' USR2
trap 'exit 81' USR1
trap 'exit 83' TERM

# The kernel kills this script when the agent dies, but only once setpriv has set the death signal. Until then the pipe
# reports the agent's end. In a sandbox the script is the first process and only ends by itself, so it gets TERM.
# Without a sandbox it gets KILL with the rest. If the kernel came first, the script is gone, and a message to the dead
# agent's pipe would end this block before the KILL: so kill writes to /dev/null.
{
	read -r _ <&6
	kill -TERM $$ 2>/dev/null
	kill -KILL 0
} 3<&- 4<&- 5>&- &

# -inetd with a listening socket as standard input serves RFB on that socket and on nothing else. It is the last option,
# because Xvnc reports nothing after it. -nolisten local closes the abstract socket, which every process of a network
# namespace can reach. Xvnc blocks an address after five connections that break off before sign-in, and all viewers
# share one address: without the high threshold five viewers that disconnect early would block all of them.
{
	Xvnc "$DISPLAY" -auth "$XAUTHORITY" -geometry "$geometry" -depth 24 -nolisten tcp -nolisten local -noreset \
		-SecurityTypes None -AlwaysShared -BlacklistThreshold 1000000000 -displayfd 5 -inetd <&3 3<&- 4<&- 6<&-
	echo "Xvnc ended with status $?" >&2
	kill -USR1 $$
} &
exec 3<&- 5>&- 6<&-
read -r _ <&4 || exit 81
exec 4<&-

# The command starts when the window manager runs, so that its window gets the keyboard. If the window manager does not
# start, the command starts after 5 seconds.
sleep 5 &
pause=$!

# The session ends when its user chooses "exit" in the window manager's menu. When the window manager crashes, it is
# restarted.
{
	openbox --startup "sh -c 'kill $pause'" || until openbox; do sleep 1; done
	sleep 0.2
	kill -USR2 $$
} &
wait $pause

"$@" &
wait $!
status=$?
sleep 0.2 # when the display ends, programs end shortly before it; then its signal arrives during this pause
case $status in
126 | 127) exit 82 ;;
*) exit 80 ;;
esac
