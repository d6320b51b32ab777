/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/embed_output.h"
#include <errno.h>
#include <string.h>

enum { NPY_HEADER = 128, COPY = 1 << 16 };

/* Magic, version, length, then a Python dictionary padded with spaces to a multiple of 64. Floats
 * are stored as they are in memory: every machine with Vulkan is little-endian. */
static void npy_header(char out[NPY_HEADER], uint64_t rows, uint32_t width)
{
    enum { BEFORE = 10 };
    static const unsigned char magic[BEFORE] = {
        0x93, 'N', 'U', 'M', 'P', 'Y', 1, 0, NPY_HEADER - BEFORE, 0};
    char text[NPY_HEADER];
    memcpy(out, magic, BEFORE);
    int n = snprintf(text, sizeof text,
                     "{'descr': '<f4', 'fortran_order': False, 'shape': (%llu, %u), }",
                     (unsigned long long)rows, width);
    memset(out + BEFORE, ' ', NPY_HEADER - BEFORE);
    memcpy(out + BEFORE, text, (size_t)n);
    out[NPY_HEADER - 1] = '\n';
}

static vireo_status fail_spool(vireo_error *err)
{
    return vr_fail(err, VIREO_ERROR_IO, "temporary file: %s; with --output FILE none is needed",
                   strerror(errno));
}

vireo_status vr_embed_output_open(vr_embed_output *o, const char *path, vr_embed_format format,
                                  uint32_t width, vireo_error *err)
{
    char header[NPY_HEADER];
    *o = (vr_embed_output){.format = format, .width = width};
    vr_out_init(&o->line);
    vireo_status st = vr_output_open(&o->output, path, err);
    if (st || format == VR_EMBED_JSONL)
        return st;
    if (!o->output.to_file) {
        o->spool = tmpfile();
        return o->spool ? VIREO_OK : fail_spool(err);
    }
    npy_header(header, 0, width);
    return vr_output_put(&o->output, header, sizeof header, err);
}

static vireo_status put_line(vr_embed_output *o, const float *vector, uint32_t tokens,
                             vireo_error *err)
{
    vr_json_out *j = &o->line;
    vr_out_begin(j, NULL, '{');
    vr_out_uint(j, "index", o->rows);
    vr_out_uint(j, "tokens", tokens);
    vr_out_floats(j, "embedding", vector, o->width);
    vr_out_end(j, '}');
    vr_out_line(j);
    if (j->text.failed)
        return vr_fail_memory(err, "output");
    vireo_status st = vr_output_put(&o->output, j->text.data, j->text.length, err);
    vr_str_clear(&j->text);
    return st;
}

vireo_status vr_embed_output_rows(vr_embed_output *o, const float *vectors, const uint32_t *tokens,
                                  size_t n, vireo_error *err)
{
    vireo_status st = VIREO_OK;
    if (o->format == VR_EMBED_NPY) {
        o->rows += n;
        if (!o->spool)
            return vr_output_put(&o->output, vectors, n * o->width * sizeof *vectors, err);
        return fwrite(vectors, o->width * sizeof *vectors, n, o->spool) == n ? VIREO_OK
                                                                             : fail_spool(err);
    }
    for (size_t i = 0; i < n && !st; i++, o->rows++)
        st = put_line(o, vectors + i * o->width, tokens[i], err);
    return st;
}

static vireo_status copy_spool(vr_embed_output *o, vireo_error *err)
{
    char *buffer = vr_alloc(NULL, COPY);
    size_t n;
    vireo_status st = buffer ? VIREO_OK : vr_fail_memory(err, "output");
    rewind(o->spool);
    while (!st && (n = fread(buffer, 1, COPY, o->spool)) > 0)
        st = vr_output_put(&o->output, buffer, n, err);
    if (!st && ferror(o->spool))
        st = fail_spool(err);
    vr_free(NULL, buffer);
    return st;
}

vireo_status vr_embed_output_finish(vr_embed_output *o, vireo_error *err)
{
    vireo_status st = VIREO_OK;
    char header[NPY_HEADER];
    npy_header(header, o->rows, o->width);
    if (o->spool) {
        st = vr_output_put(&o->output, header, sizeof header, err);
        if (!st)
            st = copy_spool(o, err);
    } else if (o->format == VR_EMBED_NPY) {
        st = vr_output_patch(&o->output, header, sizeof header, err);
    }
    return st ? st : vr_output_commit(&o->output, err);
}

void vr_embed_output_close(vr_embed_output *o)
{
    if (o->spool)
        fclose(o->spool);
    o->spool = NULL;
    vr_output_abort(&o->output);
    vr_out_deinit(&o->line);
}
