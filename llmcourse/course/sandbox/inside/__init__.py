"""What runs inside the room: scripts that need Python and the kernel's own packages, and nothing else of `llmcourse`.

The folder is bound read-only into the room, where it is the package `inside`. Three processes stand between a request
and the code of people nobody knows (`keeper`): a porter that makes the namespaces, a warden that is their first
process, and the guest, which gives everything up and becomes the kernel (`kernel`). `server` hands requests to porters.
"""
