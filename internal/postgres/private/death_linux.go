package private

import "syscall"

// dieWithParent has the kernel send sig to the process when the thread that
// starts it ends: keep that thread for as long as the process lives.
func dieWithParent(attr *syscall.SysProcAttr, sig syscall.Signal) { attr.Pdeathsig = sig }
