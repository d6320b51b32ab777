/* SPDX-License-Identifier: Apache-2.0
 * The tuner's own parts: tune_calls.c says what is to be timed, and keeps what was found; tune_judge.c drops
 * and chooses; tune.c runs. */
#ifndef VR_RUN_TUNER_H
#define VR_RUN_TUNER_H
#include "run/tune.h"
#include "vk/tuned.h"

enum { VR_TUNE_ROUNDS = 12, VR_TUNE_LEAST_ROUNDS = 3 };
#define VR_NO_GROUP SIZE_MAX

/* Nodes whose calls are alike. Bit i of a set: the op's kernel i. */
typedef struct vr_tune_group {
    vr_call call;
    char text[VR_TUNED_CALL];
    vr_hash128 source; /* vr_tuned_source */
    const vr_kernel *usual, *best;
    uint64_t may, fallback; /* sets: the others that may run; of them those for when nothing else fits */
    uint64_t heard;         /* set: those that need not be timed again */
    double usual_us, ratio; /* medians: of the usual one, 0: not timed; and the best one's part of it */
    size_t n_nodes;
    uint64_t kept;  /* what was heard when it was recorded */
    bool is_kept;
} vr_tune_group;

/* Runs of the graph in which the calls of some ops run another kernel, of the first one none. */
typedef struct vr_trial {
    const vr_kernel *kernels[VR_OP_COUNT]; /* NULL: the usual ones */
    size_t n_kernels;
    bool again;             /* it was tried before: alone, or as one of several */
    bool fallback;          /* all its kernels are */
    vireo_session *session; /* NULL: not begun, given up, or nothing of it is left to be known */
    size_t rounds;
    uint64_t made_ns;                /* the host's part of compiling */
    bool *runs, *stays;              /* [group]: it runs another kernel; which may still win */
    double *us;                      /* [group][VR_TUNE_ROUNDS] */
    double compile_ns[VR_OP_COUNT]; /* what its nodes took more in the first run than in the second */
} vr_trial;

typedef struct vr_tuner {
    vireo_session *owner;
    const vireo_tensor *in;
    size_t n_in;
    vr_arena arena;  /* what is below */
    vr_bucket probe; /* the kernels that would run */
    vr_tune_group *groups;
    size_t n_groups;
    size_t *group_of; /* [node index]; VR_NO_GROUP: nothing to tune */
    vr_trial *list;   /* the first has the usual kernels */
    size_t n;
    vireo_tensor *expected, *got; /* outputs, of the usual kernels and of a trial */
    bool *kept; /* [value id]: what each group's first node gives, which is compared, too; NULL: there is no room */
    double *ns;                   /* [node index]: of the last run */
    uint64_t start;
    uint64_t end, run_end;        /* no run goes on after either */
    uint64_t fallback_end;        /* no fallback is begun after it */
    uint64_t usual_ns, unpaid_ns; /* of a run with the usual kernels, and of the first one */
    uint64_t unpaid_from;         /* the first one's begin, while it goes on; else 0 */
    char names[192];              /* ": op/kernel, ..." that begin now, "": those that the session tells of */
    bool cancelled;
} vr_tuner;

static inline const vireo_graph *vr_tune_graph(const vr_tuner *t)
{
    return t->owner->model->graph;
}

/* Groups, the trial with the usual kernels, and the outputs' memory. */
vireo_status vr_tune_look(vr_tuner *, const int64_t *capacity, vireo_error *);
/* The other trials: one with each op's next other kernel in its table, and so on; fallbacks come after all
 * others: a call is decided without them. */
vireo_status vr_tune_list(vr_tuner *, vireo_error *);
/* Appends a trial for each kernel of that one, or, if it has one alone, that one again; it was given up. */
vireo_status vr_tune_split(vr_tuner *, const vr_trial *, vireo_error *);
/* The trial's kernel for the group needs not be timed again. */
void vr_tune_hear(vr_tuner *, const vr_trial *, size_t group);
/* Keeps what is known of the groups, where that is more than when it was kept the last time. */
vireo_status vr_tune_record(vr_tuner *, vireo_error *);

/* The first round of the usual kernels says what each group takes; those that take next to nothing of the
 * run keep them. */
void vr_tune_weigh(vr_tuner *);
/* What a trial's first run has shown: groups lose that are far behind the usual kernels even in the
 * quickest of their nodes, for the others may have compiled. */
void vr_tune_drop_slow(vr_tuner *, vr_trial *);
/* After a round: groups lose that are behind the best of all open trials. Trials of which nothing stays are
 * closed. */
void vr_tune_drop_losers(vr_tuner *);
/* One more round: the last run. */
void vr_tune_keep_times(const vr_tuner *, vr_trial *);
/* What the open ones have shown beside the usual kernels; they are closed. */
void vr_tune_judge(vr_tuner *);
#endif
