/* SPDX-License-Identifier: Apache-2.0 */
#include "faulty_vfs.h"
#include <sqlite3.h>
#include <stddef.h>

typedef struct faulty_file {
    sqlite3_file base;
    sqlite3_file *real; /* behind this struct */
} faulty_file;

static struct {
    sqlite3_vfs vfs, *real;
    faulty_how how;
    unsigned at, calls;
    bool failed;
} faulty;

/* SQLITE_OK: the call may go on. */
static int count(int full, int io)
{
    bool now = ++faulty.calls == faulty.at;
    faulty.failed = faulty.failed || now;
    if (now || (faulty.failed && faulty.how == FAULTY_DEATH))
        return faulty.how == FAULTY_FULL ? full : io;
    return SQLITE_OK;
}

static sqlite3_file *real_of(sqlite3_file *file)
{
    return ((faulty_file *)(void *)file)->real;
}

static int close_file(sqlite3_file *file)
{
    return real_of(file)->pMethods->xClose(real_of(file));
}

static int read_file(sqlite3_file *file, void *data, int n, sqlite3_int64 offset)
{
    return real_of(file)->pMethods->xRead(real_of(file), data, n, offset);
}

static int write_file(sqlite3_file *file, const void *data, int n, sqlite3_int64 offset)
{
    int code = count(SQLITE_FULL, SQLITE_IOERR_WRITE);
    if (code && faulty.how == FAULTY_DEATH)
        return code;
    int real = real_of(file)->pMethods->xWrite(real_of(file), data, code ? n / 2 : n, offset);
    return code ? code : real;
}

static int truncate_file(sqlite3_file *file, sqlite3_int64 size)
{
    int code = count(SQLITE_IOERR_TRUNCATE, SQLITE_IOERR_TRUNCATE);
    return code ? code : real_of(file)->pMethods->xTruncate(real_of(file), size);
}

/* No test pulls the plug, so nothing need really reach the disk. */
static int sync_file(sqlite3_file *file, int flags)
{
    (void)file;
    (void)flags;
    return count(SQLITE_FULL, SQLITE_IOERR_FSYNC);
}

static int file_size(sqlite3_file *file, sqlite3_int64 *size)
{
    return real_of(file)->pMethods->xFileSize(real_of(file), size);
}

static int lock_file(sqlite3_file *file, int lock)
{
    return real_of(file)->pMethods->xLock(real_of(file), lock);
}

static int unlock_file(sqlite3_file *file, int lock)
{
    return real_of(file)->pMethods->xUnlock(real_of(file), lock);
}

static int check_lock(sqlite3_file *file, int *locked)
{
    return real_of(file)->pMethods->xCheckReservedLock(real_of(file), locked);
}

static int control(sqlite3_file *file, int op, void *argument)
{
    return real_of(file)->pMethods->xFileControl(real_of(file), op, argument);
}

static int sector_size(sqlite3_file *file)
{
    return real_of(file)->pMethods->xSectorSize(real_of(file));
}

static int characteristics(sqlite3_file *file)
{
    return real_of(file)->pMethods->xDeviceCharacteristics(real_of(file));
}

static const sqlite3_io_methods methods = {
    .iVersion = 1,
    .xClose = close_file,
    .xRead = read_file,
    .xWrite = write_file,
    .xTruncate = truncate_file,
    .xSync = sync_file,
    .xFileSize = file_size,
    .xLock = lock_file,
    .xUnlock = unlock_file,
    .xCheckReservedLock = check_lock,
    .xFileControl = control,
    .xSectorSize = sector_size,
    .xDeviceCharacteristics = characteristics,
};

static int open_file(sqlite3_vfs *vfs, const char *name, sqlite3_file *file, int flags, int *out)
{
    faulty_file *f = (faulty_file *)(void *)file;
    (void)vfs;
    f->real = (sqlite3_file *)(void *)(f + 1);
    f->base.pMethods = NULL;
    int code = faulty.real->xOpen(faulty.real, name, f->real, flags, out);
    if (code == SQLITE_OK)
        f->base.pMethods = &methods;
    return code;
}

static int delete_file(sqlite3_vfs *vfs, const char *name, int sync)
{
    (void)vfs;
    (void)sync;
    int code = count(SQLITE_IOERR_DELETE, SQLITE_IOERR_DELETE);
    return code ? code : faulty.real->xDelete(faulty.real, name, 0);
}

void faulty_arm(faulty_how how, unsigned at)
{
    faulty.real = sqlite3_vfs_find("unix");
    faulty.vfs = *faulty.real;
    faulty.vfs.pNext = NULL;
    faulty.vfs.zName = "faulty";
    faulty.vfs.szOsFile = faulty.real->szOsFile + (int)sizeof(faulty_file);
    faulty.vfs.xOpen = open_file;
    faulty.vfs.xDelete = delete_file;
    faulty.how = how;
    faulty.at = at;
    faulty.calls = 0;
    faulty.failed = false;
    sqlite3_vfs_register(&faulty.vfs, 1);
}

bool faulty_disarm(void)
{
    sqlite3_vfs_unregister(&faulty.vfs);
    sqlite3_vfs_register(faulty.real, 1);
    return faulty.failed;
}
