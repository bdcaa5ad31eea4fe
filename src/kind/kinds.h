/* SPDX-License-Identifier: MIT */
/* Every kind, for the registry; one line a kind, each in the file of its name. */
#ifndef KIND_KINDS_H
#define KIND_KINDS_H

#include "src/kind/kind.h"

extern const struct kind kind_file;
extern const struct kind kind_dir;
extern const struct kind kind_symlink;
extern const struct kind kind_block;
extern const struct kind kind_char;
extern const struct kind kind_tty;
extern const struct kind kind_fifo;
extern const struct kind kind_pipe;
extern const struct kind kind_tcp;
extern const struct kind kind_udp;
extern const struct kind kind_udplite;
extern const struct kind kind_raw;
extern const struct kind kind_icmp;
extern const struct kind kind_unix;
extern const struct kind kind_netlink;
extern const struct kind kind_packet;
extern const struct kind kind_vsock;
extern const struct kind kind_socket;
extern const struct kind kind_eventfd;
extern const struct kind kind_timerfd;
extern const struct kind kind_signalfd;
extern const struct kind kind_epoll;
extern const struct kind kind_inotify;
extern const struct kind kind_fanotify;
extern const struct kind kind_pidfd;
extern const struct kind kind_memfd;
extern const struct kind kind_secretmem;
extern const struct kind kind_io_uring;
extern const struct kind kind_bpf_prog;
extern const struct kind kind_bpf_map;
extern const struct kind kind_bpf_link;
extern const struct kind kind_perf;
extern const struct kind kind_userfaultfd;
extern const struct kind kind_seccomp;
extern const struct kind kind_landlock;
extern const struct kind kind_fscontext;
extern const struct kind kind_mqueue;
extern const struct kind kind_namespace;
extern const struct kind kind_kvm;
extern const struct kind kind_dmabuf;
extern const struct kind kind_tun;
extern const struct kind kind_anon;
extern const struct kind kind_unknown;

#endif
