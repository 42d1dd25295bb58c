"""What runs inside the room: scripts that need Python and nothing else of `llmcourse`.

`builder` starts on the machine, makes the room and executes the server in it. There the folder is bound read-only, and
is the package `inside`. Three processes stand between a request and the code of people nobody knows (`keeper`): a
porter that makes the namespaces, a warden that is their first process, and the guest, which gives everything up and
serves a socket. `server` hands requests to porters.
"""
