"""What processes have logged and the catalog does not hold yet.

Every writing process appends to a file of its own in the folder `NAME.artui-spool` beside the catalog: one `write(2)` a
call, so that nothing that was logged is lost with the process, and logging never waits for a lock of the catalog. A
fold carries the records into the catalog.

    place     where spools and consoles lie, and how a file there is opened without being led elsewhere
    format    the records
    writing   the spool of this process
    owners    who writes a spool, and whether that process is gone
    reading   records as they are read, by whoever folds them and by readers
    applying  what the records ask for, done in the catalog
    folding   carrying a spool over, exactly once
    adopting  taking over what dead processes left
"""
