/* A plugin for qemu-user: how many instructions a program ran, written into a file at its end.
 *
 * The few declarations of qemu-plugin.h (version 1 of the interface) that it needs, which no Debian package brings.
 * The counter is one for all threads and not locked: count programs of one thread.
 */
#include <stdint.h>
#include <stdio.h>

typedef uint64_t plugin_id;
typedef struct block block;

void qemu_plugin_register_vcpu_tb_trans_cb(plugin_id, void (*)(plugin_id, block *));
void qemu_plugin_register_vcpu_tb_exec_inline(block *, int operation, void *counter, uint64_t amount);
void qemu_plugin_register_atexit_cb(plugin_id, void (*)(plugin_id, void *), void *);
size_t qemu_plugin_tb_n_insns(const block *);

enum { ADD = 0 };

__attribute__((visibility("default"))) int qemu_plugin_version = 1;

static uint64_t instructions;
static char path[4096];

static void translated(plugin_id id, block *code)
{
    (void)id;
    qemu_plugin_register_vcpu_tb_exec_inline(code, ADD, &instructions, qemu_plugin_tb_n_insns(code));
}

static void ended(plugin_id id, void *unused)
{
    (void)id;
    (void)unused;
    FILE *file = fopen(path, "w");
    if (file) {
        fprintf(file, "%llu\n", (unsigned long long)instructions);
        fclose(file);
    }
}

__attribute__((visibility("default"))) int qemu_plugin_install(plugin_id id, const void *info, int count, char **words)
{
    (void)info;
    if (count != 1 || sscanf(words[0], "out=%4095s", path) != 1)
        return 1;
    qemu_plugin_register_vcpu_tb_trans_cb(id, translated);
    qemu_plugin_register_atexit_cb(id, ended, NULL);
    return 0;
}
